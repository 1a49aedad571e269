package rtmp

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRequest(t *testing.T) {
	type q = url.Values
	cases := []struct {
		name            string
		app, tcURL, key string
		wantApp, want   string
		query           url.Values
	}{
		{"plain", "live", "rtmp://h/live", "key", "live", "key", q{}},
		{"query in the key", "live", "rtmp://h/live", "key?token=a&x=1", "live", "key", q{"token": {"a"}, "x": {"1"}}},
		{"query in the app", "live?token=a", "rtmp://h/live?token=a", "key", "live", "key", q{"token": {"a"}}},
		{"query in the tcUrl only", "live", "rtmp://h/live?token=a", "key", "live", "key", q{"token": {"a"}}},
		{"the key speaks first", "live?token=b&y=2", "rtmp://h/live?token=c&z=3", "key?token=a", "live", "key", q{"token": {"a"}, "y": {"2"}, "z": {"3"}}},
		{"two queries in the app", "live?x=1?user=u&y=2", "", "key", "live", "key", q{"x": {"1"}, "user": {"u"}, "y": {"2"}}},
		{"slashes", "/live/", "rtmp://h//live/", "//key/", "live", "key", q{}},
		{"slash before the query", "live/?x=1", "", "key/?y=2", "live", "key", q{"x": {"1"}, "y": {"2"}}},
		{"several levels", "live/inst", "", "a/b", "live/inst", "a/b", q{}},
		{"escapes are left in names", "live", "", "k%2fey?x=%2f", "live", "k%2fey", q{"x": {"/"}}},
		{"malformed query", "live", "", "key?a=%zz&b=1;c=2&d=3", "live", "key", q{"d": {"3"}}},
		{"question marks", "live", "", "key?a=b?c", "live", "key", q{"a": {"b?c"}}},
		{"nothing", "", "", "", "", "", q{}},
	}
	for _, c := range cases {
		cl := parseConnect(object(field("app", c.app), field("tcUrl", c.tcURL), field("flashVer", "enc")))
		want := Request{App: c.wantApp, Name: c.want, Query: c.query, TCURL: c.tcURL, Encoder: "enc"}
		if diff := cmp.Diff(want, cl.request(c.key), cmp.Comparer(func(a, b Request) bool {
			return cmp.Equal(a.Query, b.Query) && a.App == b.App && a.Name == b.Name && a.TCURL == b.TCURL && a.Encoder == b.Encoder
		})); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
