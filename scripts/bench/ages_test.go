package main

import (
	"testing"
	"time"
)

// TestStamps do not come again within hours, and need no emulation prevention.
func TestStamps(t *testing.T) {
	for _, at := range []time.Duration{0, 1, 2*time.Second + 1, 100 * time.Hour} {
		part := append([]byte("moof"+mark), appendStamp(nil, at-1)...)
		part = append(append(append(part, "picture"+mark...), appendStamp(nil, at)...), "rest"...)
		if got, ok := newestStamp(part); !ok || got != at {
			t.Errorf("%v is read as %v, %v", at, got, ok)
		}
	}
	for _, part := range []string{"", "moof mdat", "moof" + mark, "moof" + mark + "0123", "moof" + mark + "0123456789abcdeg"} {
		if at, ok := newestStamp([]byte(part)); ok {
			t.Errorf("%q has a stamp of %v", part, at)
		}
	}
}

// TestAges are of minutes where they are, and none where no part came.
func TestAges(t *testing.T) {
	a := &ages{epoch: time.Now().Add(-10 * time.Minute)}
	part := func(age time.Duration) []byte { return appendStamp([]byte(mark), time.Since(a.epoch)-age) }
	if err := a.report(result{}); err == nil {
		t.Error("ages of nothing")
	}
	for _, age := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Minute} {
		if err := a.take(videoTrack, part(age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.report(result{}); err == nil {
		t.Error("ages without sound")
	}
	if err := a.take(soundTrack, part(3*time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := a.take(soundTrack, []byte("moof mdat")); err == nil {
		t.Error("a part without a frame is taken")
	}
	r := result{}
	if err := a.report(r); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{ageMedian: 2, ageP99: 3, ageMost: 300, soundP99: 3} {
		if got := r[name]; got < want || got > want+1 {
			t.Errorf("%s is %f s, not %f s", name, got, want)
		}
	}
	a.reset()
	if err := a.report(result{}); err == nil {
		t.Error("ages from before reset")
	}
}
