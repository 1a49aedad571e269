package rtmp

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/amf"
)

// TestConnectSaysWhatIsCarried checks what clients are told that speak Enhanced RTMP, in
// version 1, in version 2, and not at all.
func TestConnectSaysWhatIsCarried(t *testing.T) {
	s := startServer(t, Limits{})
	for _, c := range []struct {
		name string
		says []amf.Field
		told bool
	}{
		{"version 1", []amf.Field{field("fourCcList", []any{"hvc1"})}, true},
		{"version 2", []amf.Field{field("videoFourCcInfoMap", object(field("*", 1.0)))}, true},
		{"what it can do", []amf.Field{field("capsEx", 0.0)}, true},
		{"nothing", nil, false},
	} {
		p := dial(t, s.addr)
		name, values := p.result(p.call(0, "connect", object(append(c.says, field("app", "live"))...)))
		if name != "_result" || len(values) != 2 {
			t.Fatalf("%s: %s %v", c.name, name, values)
		}
		for _, value := range values {
			o := value.(*amf.Object)
			if !c.told {
				if o.Get("fourCcList") != nil || o.Get("capsEx") != nil {
					t.Errorf("%s: %v", c.name, o)
				}
				continue
			}
			list := []any{"avc1", "hvc1", "av01", "vp09", "mp4a", ".mp3", "Opus", "fLaC", "ac-3", "ec-3"}
			if diff := cmp.Diff(list, o.Get("fourCcList")); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
			const reconnectMultitrackModExAndNanoseconds, canForward = 15, 4
			if caps := o.Number("capsEx"); caps != reconnectMultitrackModExAndNanoseconds {
				t.Errorf("%s: capsEx %v", c.name, caps)
			}
			video, audio := o.Get("videoFourCcInfoMap").(*amf.Object), o.Get("audioFourCcInfoMap").(*amf.Object)
			for i, name := range list {
				of := video
				if i >= 4 {
					of = audio
				}
				if of.Number(name.(string)) != canForward || len(video.Fields) != 4 || len(audio.Fields) != 6 {
					t.Errorf("%s: %v of %v and %v", c.name, name, video.Fields, audio.Fields)
				}
			}
		}
	}
}
