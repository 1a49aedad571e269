package rtmp

import (
	"errors"
	"strings"
	"testing"
)

// TestDoor has a Door ask, refuse, and let in under a name.
func TestDoor(t *testing.T) {
	s := startServer(t, Limits{})
	s.door = func(req *Request) error {
		switch user := req.Query.Get("user"); user {
		case "":
			return &Rejection{Told: "who are you"}
		case "mallory":
			return &Rejection{Told: "go away", Why: errors.New("it is Mallory")}
		case "broken":
			return errors.New("the door is broken")
		default:
			req.User = user
			return nil
		}
	}
	for app, want := range map[string]string{"live": "who are you", "live?user=mallory": "go away", "live?user=broken": "the door is broken"} {
		p := dial(t, s.addr)
		name, values := p.result(p.call(0, "connect", object(field("app", app))))
		if info, _ := values[1].(interface{ Text(string) string }); name != "_error" || info == nil || info.Text("code") != codeConnectRejected || info.Text("description") != want {
			t.Errorf("%s: %s %v", app, name, values)
		}
		p.wantEnd()
	}
	p := dial(t, s.addr)
	p.connect("live?user=anna")
	p.publish("show")
	if req := s.sink(t, 0).req; req.User != "anna" || req.App != "live" || req.Name != "show" {
		t.Errorf("%+v", req)
	}
	s.stop()
	if log := s.log.String(); !strings.Contains(log, "it is Mallory") || strings.Contains(log, "who are you") || strings.Contains(log, "go away") || !strings.Contains(log, `"user":"anna"`) {
		t.Error(log)
	}
}
