package access_test

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"sluice/pkg/access"
)

// members returns a guard that knows users, and other judges.
func members(t *testing.T, clock *time.Time, change func(*access.Users)) *access.Guard {
	t.Helper()
	users := &access.Users{Now: func() time.Time { return *clock }}
	for name, scopes := range map[string][]access.Scope{"anna": {"studio/*", "live/show"}, "ben": {"live/other"}} {
		entry, err := access.NewEntry(name, name+"'s password")
		if err != nil {
			t.Fatal(err)
		}
		for _, scope := range scopes {
			if err := users.Add(scope, entry.String()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if change != nil {
		change(users)
	}
	guard := access.NewGuard(users.Now, []access.Judge{users}, nil)
	guard.Users = users
	return guard
}

// An encoder does what ffmpeg and librtmp do.
type encoder struct {
	guard          *access.Guard
	user, password string
	echoes         bool       // it takes the opaque text, and sends it back
	forges         bool       // that is another one
	think          func()     // before it answers
	from           netip.Addr // here, if it is not set
	own            string     // its challenge
	last           string     // query of its last connect
}

func (e *encoder) connect(app, query string) (string, error) {
	e.last = query
	values, _ := url.ParseQuery(query)
	return e.guard.Connect(access.Request{App: app, Query: values, Remote: cmp.Or(e.from, here)})
}

// login connects until it is let in or has failed.
func (e *encoder) login(app string) (string, error) {
	user, err := e.connect(app, "")
	if rejection := (*access.Rejection)(nil); !errors.As(err, &rejection) || !strings.Contains(rejection.Told, "code=403 need auth") {
		return user, err
	}
	return e.answer(app, "authmod=adobe&user="+e.user)
}

// answer does so from where the user has been said.
func (e *encoder) answer(app, query string) (string, error) {
	user, err := e.connect(app, query)
	rejection := (*access.Rejection)(nil)
	if !errors.As(err, &rejection) || rejection.Why != nil {
		return user, err
	}
	_, raw, _ := strings.Cut(rejection.Told, "?")
	told := map[string]string{}
	for _, pair := range strings.Split(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		told[name] = value
	}
	if told["reason"] != "needauth" || told["user"] != e.user || told["salt"] == "" || told["challenge"] == "" || told["opaque"] == told["challenge"] || len(rejection.Told) >= 256 {
		return "", errors.New("it is told " + rejection.Told)
	}
	if e.think != nil {
		e.think()
	}
	hash := digest(e.user + told["salt"] + e.password)
	ours := told["challenge"]
	if e.echoes {
		ours = told["opaque"]
	}
	if e.forges {
		ours = "A" + ours[1:]
	}
	query += "&challenge=" + e.own + "&response=" + digest(hash+ours+e.own)
	if e.echoes {
		query += "&opaque=" + ours
	}
	return e.connect(app, query)
}

func digest(text string) string {
	sum := md5.Sum([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// TestUsers has encoders log in: right and wrong, in time and too late, once and again.
func TestUsers(t *testing.T) {
	clock := noon
	guard := members(t, &clock, nil)
	may := func(user, app, key string) bool {
		_, err := guard.Admit(context.Background(), access.Request{App: app, Key: key, User: user, Remote: there})
		return err == nil
	}
	for i := range 40 { // responses with + and / in them
		clock = clock.Add(time.Minute)
		e := &encoder{guard: guard, user: "anna", password: "anna's password", own: "a+/" + string(rune('a'+i%26)) + "Q==", echoes: i%2 == 0}
		if user, err := e.login("studio"); user != "anna" || err != nil {
			t.Fatalf("%s: %v", user, err)
		}
		if _, err := e.connect("studio", e.last); err == nil || !strings.Contains(err.Error(), "used before") {
			t.Errorf("once more: %v", err)
		}
	}
	if !may("anna", "studio", "a") || !may("anna", "live", "show") || may("anna", "live", "other") || may("ben", "studio", "a") || may("", "studio", "a") || may("carl", "studio", "a") {
		t.Error("who may what")
	}
	for _, c := range []struct{ user, password, want string }{
		{"anna", "ben's password", "user anna: the password is wrong"},
		{"anna", "", "the password is wrong"},
		{"carl", "anna's password", "no such user"},
		{"a&b", "x", "no such user"},
		{strings.Repeat("x", 65), "x", "no such user"},
	} {
		clock = clock.Add(time.Hour)
		e := &encoder{guard: guard, user: url.QueryEscape(c.user), password: c.password, own: "01234567"}
		_, err := e.login("studio")
		rejection := (*access.Rejection)(nil)
		if !errors.As(err, &rejection) || !strings.Contains(err.Error(), c.want) || !strings.Contains(rejection.Told, "?reason=authfailed") {
			t.Errorf("%s: %v, want %s", c.user, err, c.want)
		}
	}
	for late, good := range map[time.Duration]bool{29 * time.Second: true, 61 * time.Second: false, 100 * time.Hour: false} {
		for _, echoes := range []bool{true, false} {
			clock = clock.Add(time.Hour)
			e := &encoder{guard: guard, user: "anna", password: "anna's password", own: "01234567", echoes: echoes, think: func() { clock = clock.Add(late) }}
			if _, err := e.login("studio"); (err == nil) != good {
				t.Errorf("%v late: %v", late, err)
			}
		}
	}
	e := &encoder{guard: guard, user: "anna", password: "anna's password", own: "always==", echoes: true}
	for range 5 { // OBS on Windows, which connects again at once
		if _, err := e.login("studio"); err != nil {
			t.Error(err)
		}
	}
	e = &encoder{guard: guard, user: "anna", password: "anna's password", own: "01234567", echoes: true, forges: true}
	if _, err := e.login("studio"); err == nil {
		t.Error("an opaque text of somebody else is taken")
	}
}

// TestWhoIsAsked has clients connect that say nothing: they are asked for a user where nothing else is good, and where
// the configuration says so.
func TestWhoIsAsked(t *testing.T) {
	for _, c := range []struct {
		apps   []string
		others []access.Scope
		asked  string // applications, of live, studio and vod
		token  string // likewise, with a token in the URL
	}{
		{nil, nil, "live studio", "live studio"},
		{nil, []access.Scope{"live/show", "vod/*"}, "studio", "studio"},
		{nil, []access.Scope{"*"}, "", ""},
		{[]string{"studio"}, []access.Scope{"*"}, "studio", ""},
		{[]string{"live"}, []access.Scope{"live/*"}, "live studio", "studio"},
	} {
		clock := noon
		guard := members(t, &clock, func(u *access.Users) { u.Apps, u.Others = c.apps, c.others })
		for query, want := range map[string]string{"": c.asked, "token=x": c.token} {
			var asked []string
			for _, app := range []string{"live", "studio", "vod"} {
				if _, err := (&encoder{guard: guard}).connect(app, query); err != nil {
					asked = append(asked, app)
				}
			}
			if got := strings.Join(asked, " "); got != want {
				t.Errorf("%v, %v: %q asks %q, want %q", c.apps, c.others, query, got, want)
			}
		}
	}
	clock := noon
	guard := members(t, &clock, func(u *access.Users) { u.Others = []access.Scope{"*"} })
	e := &encoder{guard: guard, user: "ben", password: "ben's password", own: "01234567"}
	if user, err := e.answer("live", "authmod=adobe&user=ben"); user != "ben" || err != nil {
		t.Errorf("one who says it unasked: %q, %v", user, err)
	}
	if user, err := (*access.Guard)(nil).Connect(access.Request{App: "live"}); user != "" || err != nil {
		t.Errorf("without a guard: %q, %v", user, err)
	}
}

// TestGuessing has an address try passwords: even the right one is refused then, and others are let in.
func TestGuessing(t *testing.T) {
	clock := noon
	guard := members(t, &clock, nil)
	for range 10 {
		if _, err := (&encoder{guard: guard, user: "anna", password: "x", own: "01234567"}).login("studio"); err == nil || errors.Is(err, access.ErrTooOften) {
			t.Error(err)
		}
	}
	e := &encoder{guard: guard, user: "anna", password: "anna's password", own: "01234567"}
	if _, err := e.login("studio"); !errors.Is(err, access.ErrTooOften) {
		t.Error(err)
	}
	e.from = there
	if _, err := e.login("studio"); err != nil {
		t.Error(err)
	}
}

// TestWhoIsNone asks twice for the salt of a user that there is none of, from two runs of the same configuration, and for
// that of one there is: nothing tells them apart.
func TestWhoIsNone(t *testing.T) {
	entry, err := access.NewEntry("anna", "password")
	if err != nil {
		t.Fatal(err)
	}
	salt := func(user string) string {
		users := &access.Users{Now: func() time.Time { return noon }}
		if err := users.Add("*", entry.String()); err != nil {
			t.Fatal(err)
		}
		guard := access.NewGuard(users.Now, nil, nil)
		guard.Users = users
		_, err := (&encoder{guard: guard}).connect("live", "authmod=adobe&user="+user)
		rejection := (*access.Rejection)(nil)
		if !errors.As(err, &rejection) {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(rejection.Told, "&salt=")
		s, _, _ := strings.Cut(after, "&")
		return s
	}
	carl, again, dora, anna := salt("carl"), salt("carl"), salt("dora"), salt("anna")
	if carl != again || carl == dora || len(carl) != len(anna) || anna != entry.Salt {
		t.Errorf("%s, %s, %s, %s", carl, again, dora, anna)
	}
}

func TestEntries(t *testing.T) {
	for text, good := range map[string]bool{
		"anna:0123456789abcdef:X03MO1qnZdYdgyfeuILPmQ==": true,
		"anna:s+/=:X03MO1qnZdYdgyfeuILPmQ==":             false,
		"anna:s:X03MO1qnZdYdgyfeuILPm":                   false,
		"anna:s:X03MO1qnZdYdgyfeuA==":                    false,
		"an na:s:X03MO1qnZdYdgyfeuILPmQ==":               false,
		"anna::X03MO1qnZdYdgyfeuILPmQ==":                 false,
		"anna:s":                                         false, "": false,
	} {
		if e, err := access.ParseEntry(text); (err == nil) != good || good && e.String() != text {
			t.Errorf("%q: %v", text, err)
		}
	}
	users := &access.Users{}
	for _, c := range []struct{ scope, entry string }{{"live", "a:s:X03MO1qnZdYdgyfeuILPmQ=="}, {"live/*", "a"}} {
		if err := users.Add(access.Scope(c.scope), c.entry); err == nil {
			t.Errorf("%s may be %s", c.entry, c.scope)
		}
	}
	if err := errors.Join(users.Add("live/*", "a:s:X03MO1qnZdYdgyfeuILPmQ=="), users.Add("vod/*", "a:s:X03MO1qnZdYdgyfeuILPmQ==")); err != nil {
		t.Error(err)
	}
	if err := users.Add("studio/*", "a:t:X03MO1qnZdYdgyfeuILPmQ=="); err == nil {
		t.Error("one user has two salts")
	}
}
