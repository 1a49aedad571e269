package hooks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"sluice/pkg/hooks"
)

// An arrival is what came of a stream, and when, since the beginning.
type arrival struct{ stream, what string }

// A desk is a receiver's side in a bubble of time: it keeps what came, and answers.
type desk struct {
	began   time.Time
	answers func(stream string, try int) (status int, retryAfter string) // nil for 200; status 0 hangs

	mu    sync.Mutex
	tries map[string]int // by identifier
	came  []arrival
}

// RoundTrip implements http.RoundTripper.
func (d *desk) RoundTrip(req *http.Request) (*http.Response, error) {
	content, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	var e struct {
		Type, ID string
		Data     struct{ App, Name string }
	}
	if err := json.Unmarshal(content, &e); err != nil || e.ID != req.Header.Get("Webhook-Id") {
		return nil, fmt.Errorf("%s, %s: %w", e.ID, content, err)
	}
	d.mu.Lock()
	d.tries[e.ID]++
	try, status, after := d.tries[e.ID], 200, ""
	d.came = append(d.came, arrival{e.Data.Name, fmt.Sprintf("%v %s %s %d", time.Since(d.began).Round(100*time.Millisecond), e.Type, e.Data.Name, try)})
	d.mu.Unlock()
	if d.answers != nil {
		status, after = d.answers(e.Data.Name, try)
	}
	if status == 0 {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	res := &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody}
	if after != "" {
		res.Header.Set("Retry-After", after)
	}
	return res, nil
}

// lines returns what came, that of a stream behind that of another.
func (d *desk) lines() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.SortStableFunc(d.came, func(a, b arrival) int { return strings.Compare(a.stream, b.stream) })
	var lines []string
	for _, a := range d.came {
		lines = append(lines, a.what)
	}
	return strings.Join(lines, "\n")
}

// A book keeps a log.
type book struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (b *book) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

// String returns all of it.
func (b *book) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// A round is a receiver that runs in a bubble of time.
type round struct {
	*hooks.Receiver
	*desk
	log       *book
	stop, cut func() // the end of what happens, and of all patience
	done      chan struct{}
}

func newRound(answers func(stream string, try int) (int, string)) *round {
	r := &round{desk: &desk{began: time.Now(), answers: answers, tries: map[string]int{}}, log: &book{}, done: make(chan struct{})}
	hook := &hooks.Hook{URL: "https://user:password@example.com/?key=in-the-url", Format: hooks.Sluice, Limit: 5 * time.Second, Client: &http.Client{Transport: r.desk}, Now: time.Now}
	r.Receiver = hooks.NewReceiver(hook, []string{"publish", "start", "end"}, zerolog.New(r.log))
	r.Steady()
	var ctx, late context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	late, r.cut = context.WithCancel(context.Background())
	go func() {
		defer close(r.done)
		r.Run(ctx, late)
	}()
	return r
}

// tell tells of an event, "start show" say, of a stream of live.
func (r *round) tell(what string) {
	kind, name, _ := strings.Cut(what, " ")
	r.Tell(hooks.Event{Kind: kind, Time: time.Now(), Details: hooks.Details{App: "live", Name: name}})
}

func (r *round) end() {
	r.stop()
	<-r.done
	r.cut()
}

// about lets a pause differ by as much as it may.
func about(d time.Duration) (low, high time.Duration) { return d * 8 / 10, d * 12 / 10 }

func TestPauses(t *testing.T) {
	all := time.Duration(0)
	for try := 1; try < 10; try++ {
		low, high := about(hooks.Pause(try, 0.5))
		if hooks.Pause(try, 0) != low || hooks.Pause(try, 1) != high {
			t.Errorf("behind try %d: %v to %v, want %v to %v", try, hooks.Pause(try, 0), hooks.Pause(try, 1), low, high)
		}
		all += high
	}
	if hooks.Pause(1, 0.5) != time.Second || all > time.Hour {
		t.Errorf("%v at first, %v in all", hooks.Pause(1, 0.5), all)
	}
}

var roundCases = []struct {
	name    string
	tell    []string
	answers func(stream string, try int) (int, string)
	wait    time.Duration
	want    string
	tally   hooks.Tally
}{
	{
		"all is taken, in order",
		[]string{"publish a", "start a", "end a", "unpublish a", "start b"},
		nil, 0,
		"0s stream.publish a 1\n0s stream.start a 1\n0s stream.end a 1\n0s stream.start b 1",
		hooks.Tally{Delivered: 4},
	},
	{
		"what comes behind waits, but for others",
		[]string{"publish a", "start a", "start b"},
		func(stream string, try int) (int, string) {
			if stream == "a" && try < 3 {
				return 500, ""
			}
			return 204, ""
		},
		time.Minute,
		"0s stream.publish a 1\n1s stream.publish a 2\n3.5s stream.publish a 3\n3.5s stream.start a 1\n4.5s stream.start a 2\n7s stream.start a 3\n0s stream.start b 1",
		hooks.Tally{Delivered: 3, Retried: 4},
	},
	{
		"it is tried ten times",
		[]string{"publish a", "start a"},
		func(_ string, try int) (int, string) { return 503, "" },
		2 * time.Hour,
		"",
		hooks.Tally{Retried: 17, Failed: 2},
	},
	{
		"what is refused is not sent again",
		[]string{"publish a", "start a"},
		func(string, int) (int, string) { return 410, "" },
		time.Hour,
		"0s stream.publish a 1\n0s stream.start a 1",
		hooks.Tally{Failed: 2},
	},
	{
		"a redirect is not followed",
		[]string{"publish a"},
		func(string, int) (int, string) { return 307, "" },
		time.Hour,
		"0s stream.publish a 1",
		hooks.Tally{Failed: 1},
	},
	{
		"a receiver asks for time",
		[]string{"publish a", "start b"},
		func(stream string, try int) (int, string) {
			time.Sleep(time.Second)
			if stream == "a" && try == 1 {
				return 429, "60"
			}
			return 200, ""
		},
		10 * time.Minute,
		"0s stream.publish a 1\n1m1s stream.publish a 2\n0s stream.start b 1",
		hooks.Tally{Delivered: 2, Retried: 1},
	},
	{
		"for more than it gets",
		[]string{"publish a"},
		func(string, int) (int, string) { return 503, "86400" },
		4 * time.Hour,
		"0s stream.publish a 1\n1h0m0s stream.publish a 2",
		hooks.Tally{Retried: 1, Failed: 1},
	},
	{
		"until a date",
		[]string{"publish a"},
		func(_ string, try int) (int, string) {
			return 503 - 303*(try-1), time.Date(2000, 1, 1, 0, 2, 0, 0, time.UTC).Format(http.TimeFormat) // bubbles begin in 2000
		},
		time.Hour,
		"0s stream.publish a 1\n2m0s stream.publish a 2",
		hooks.Tally{Delivered: 1, Retried: 1},
	},
	{
		"it hangs",
		[]string{"publish a"},
		func(_ string, try int) (int, string) { return 200 * (try - 1), "" },
		time.Minute,
		"0s stream.publish a 1\n6s stream.publish a 2",
		hooks.Tally{Delivered: 1, Retried: 1},
	},
}

func TestDeliveries(t *testing.T) {
	for _, c := range roundCases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRound(c.answers)
				for _, what := range c.tell {
					r.tell(what)
				}
				time.Sleep(c.wait)
				r.end()
				if diff := cmp.Diff(c.want, r.lines()); diff != "" && c.want != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(c.tally, r.Tally()); diff != "" {
					t.Error(diff)
				}
				if log := r.log.String(); strings.Contains(log, "in-the-url") || strings.Contains(log, "password") {
					t.Errorf("there is a secret in the log: %s", log)
				}
			})
		})
	}
}

// TestRoom has more events come than there is room for: of one stream, and of all. What is dropped is counted, and
// said once a minute.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRound(func(string, int) (int, string) { return 0, "" })
		for range 300 {
			r.tell("start one")
		}
		if got := r.Tally(); got.Waiting != 200 || got.Dropped != 100 {
			t.Errorf("of one stream: %+v", got)
		}
		for i := range 2000 {
			r.tell(fmt.Sprintf("start %d", i))
		}
		if got := r.Tally(); got.Waiting != 1000 || got.Dropped != 1300 {
			t.Errorf("of many: %+v", got)
		}
		if n := strings.Count(r.log.String(), "too many wait"); n != 1 {
			t.Errorf("%d lines", n)
		}
		time.Sleep(time.Minute)
		r.tell("start one")
		if n := strings.Count(r.log.String(), "too many wait"); n != 2 || !strings.Contains(r.log.String(), `"dropped":1301`) {
			t.Errorf("%d lines a minute later", n)
		}
		r.cut()
		r.end()
	})
}

// TestStop has a gateway stop: what waits is sent once more, and no longer than there is time for.
func TestStop(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers func(stream string, try int) (int, string)
		within  time.Duration
		tally   hooks.Tally
		lines   int // in the log, of what was left
	}{
		{"it takes them", func(_ string, try int) (int, string) { return 200, "" }, 0, hooks.Tally{Delivered: 600}, 0},
		{"the second time", func(_ string, try int) (int, string) { return 300*(2-min(try, 2)) + 200, "" }, 0, hooks.Tally{Delivered: 3, Retried: 3, Failed: 597}, 0},
		{"never", func(_ string, try int) (int, string) { return 500, "" }, 0, hooks.Tally{Retried: 3, Failed: 600}, 0},
		{"it hangs", func(string, int) (int, string) { return 0, "" }, 2 * time.Second, hooks.Tally{Failed: 600, Waiting: 597}, 1},
		{"it asks for time", func(string, int) (int, string) { return 503, "3600" }, 0, hooks.Tally{Failed: 600, Waiting: 600}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRound(c.answers)
				for i := range 600 {
					r.tell(fmt.Sprintf("start %d", i%3))
				}
				synctest.Wait()
				began := time.Now()
				time.AfterFunc(2*time.Second, r.cut)
				r.end()
				if took := time.Since(began); took != c.within {
					t.Errorf("it took %v, want %v", took, c.within)
				}
				got := r.Tally()
				if c.tally.Retried == 0 {
					got.Retried = 0 // as many as were on their way
				}
				if diff := cmp.Diff(c.tally, got); diff != "" {
					t.Error(diff)
				}
				if n := strings.Count(r.log.String(), "left events for a webhook"); n != c.lines {
					t.Errorf("%d lines of what was left: %s", n, r.log.String())
				}
			})
		})
	}
}
