package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"pgregory.net/rapid"
)

// TestAnswersAreAsDescribed draws requests to all operations of the API's own document, as it describes them and
// otherwise, and holds the answers to that: what is described is answered with success or an error that is
// described, what is not is refused, and nothing ends in a 5xx.
func TestAnswersAreAsDescribed(t *testing.T) {
	h := open(new(studio))
	parsed, err := libopenapi.NewDocument(ask(h, http.MethodGet, "/api/v1/openapi.json", "").Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	judge, errs := validator.NewValidator(parsed)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, wrong := judge.ValidateDocument(); !ok {
		t.Fatalf("the document is none of OpenAPI 3.1: %v", wrong[0])
	}
	type operation struct{ method, path string }
	var operations []operation
	for path, methods := range document(t, h).Paths {
		for method := range methods {
			operations = append(operations, operation{strings.ToUpper(method), path})
		}
	}
	seen := make(map[string]bool)
	check := func(t *rapid.T) {
		op := rapid.SampledFrom(operations).Draw(t, "operation")
		path := strings.NewReplacer("{app}", name(t, "app", "live"), "{name}", name(t, "name", "show")).Replace(op.path)
		body := ""
		if op.method == http.MethodPost {
			body = tokenBody(t)
		}
		if op.path == "/api/v1/events" {
			path += "?limit=" + rapid.SampledFrom([]string{"1", "50", "200", "0", "201", "x", "-1", "1.5", "99999999999999999999"}).Draw(t, "limit")
		}
		r := httptest.NewRequest(op.method, "http://sluice"+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		if body != "" {
			r.Header.Set("Content-Type", rapid.SampledFrom([]string{"application/json", "application/json", "application/json", "text/plain"}).Draw(t, "type"))
		}
		described, why := judge.ValidateHttpRequest(r)
		r.Body = io.NopCloser(strings.NewReader(body))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		answer := w.Result()
		seen[fmt.Sprint(op.method, " ", op.path, " ", answer.StatusCode)] = true
		switch {
		case answer.StatusCode >= 500:
			t.Fatalf("%s %s %s: %d %s", op.method, path, body, answer.StatusCode, w.Body)
		case !described && answer.StatusCode < 400:
			t.Fatalf("%s %s %s is against the document (%v), and is answered %d", op.method, path, body, why[0], answer.StatusCode)
		case described && answer.StatusCode == http.StatusBadRequest:
			t.Fatalf("%s %s %s is as described, and is answered %d %s", op.method, path, body, answer.StatusCode, w.Body)
		}
		if ok, wrong := judge.ValidateHttpResponse(r, answer); !ok {
			t.Fatalf("%s %s %s: the answer %d %s is not as described: %v", op.method, path, body, answer.StatusCode, w.Body, wrong[0])
		}
	}
	for range 20 { // of a hundred requests
		rapid.Check(t, check)
	}
	for _, want := range []string{
		"GET /api/v1/streams 200", "GET /api/v1/streams/{app}/{name} 200", "GET /api/v1/streams/{app}/{name} 404",
		"DELETE /api/v1/streams/{app}/{name} 204", "DELETE /api/v1/streams/{app}/{name}/publisher 404", "POST /api/v1/tokens 201", "POST /api/v1/tokens 422",
	} {
		if !seen[want] {
			t.Errorf("%s was never drawn", want)
		}
	}
}

// name draws an element of a path: often the usual one, and none of which it depends on who reads the path what that is.
func name(t *rapid.T, label, usual string) string {
	clear := func(s string) bool { return s != "." && s != ".." && !strings.ContainsAny(s, "/%") }
	return url.PathEscape(rapid.OneOf(rapid.Just(usual), rapid.Just(usual), rapid.StringN(1, 20, 300).Filter(clear)).Draw(t, label))
}

// tokenBody draws a body of a request for a token, or something like it.
func tokenBody(t *rapid.T) string {
	scopes := rapid.OneOf(rapid.SampledFrom([]string{"live/show", "live/*", "*"}),
		rapid.SampledFrom([]string{"", "live", "live/", "/", "a/b/c", "*/*", "*/b"}), rapid.String())
	lifetimes := rapid.OneOf(rapid.IntRange(1, 31536000), rapid.IntRange(1, 31536000), rapid.Int())
	body := map[string]any{"scope": scopes.Draw(t, "scope"), "lifetime": lifetimes.Draw(t, "lifetime")}
	switch rapid.IntRange(0, 9).Draw(t, "mistake") {
	case 0:
		body["scope"] = rapid.SampledFrom([]any{nil, 1, true, []string{"x"}, map[string]int{"x": 1}}).Draw(t, "other scope")
	case 1:
		body["lifetime"] = rapid.SampledFrom([]any{nil, "1", 1.5, true, -1, 0, 1e300}).Draw(t, "other lifetime")
	case 2:
		delete(body, rapid.SampledFrom([]string{"scope", "lifetime"}).Draw(t, "left out"))
	case 3:
		body[rapid.StringMatching("[a-z]{1,8}").Draw(t, "more")] = 1
	case 4:
		return rapid.String().Draw(t, "no JSON")
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
