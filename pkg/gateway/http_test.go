package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// prior returns a client that knows beforehand that the server speaks HTTP/2.
func prior(t *testing.T) *http.Client {
	t.Helper()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// A fetched answer is one that was read to its end.
type fetched struct {
	proto  string
	status int
	header http.Header
	length int64 // as it was announced, -1 if it was not
	body   string
}

// fetch makes the request GET path.
func (s *server) fetch(ctx context.Context, client *http.Client, path string) (fetched, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.http+path, http.NoBody)
	if err != nil {
		return fetched{}, err
	}
	res, err := client.Do(req)
	if err != nil {
		return fetched{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return fetched{res.Proto, res.StatusCode, res.Header, res.ContentLength, string(body)}, err
}

// edge returns the number of the segment that a media playlist ends before.
func edge(t *testing.T, text string) int {
	t.Helper()
	first := regexp.MustCompile(`#EXT-X-MEDIA-SEQUENCE:(\d+)\n`).FindStringSubmatch(text)
	if first == nil {
		t.Fatal(text)
	}
	n, err := strconv.Atoi(first[1])
	if err != nil {
		t.Fatal(err)
	}
	return n + strings.Count(text, "#EXTINF")
}

// A CDN may speak HTTP/2 without TLS, and holds all its requests on one
// connection.
func TestHTTP2WithoutTLS(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.broadcast("live/show")
	s.playing("live/show", 1)
	client := prior(t)
	const folder = "/live/show/v0/"
	first, err := s.fetch(t.Context(), client, folder+"index.m3u8")
	if err != nil || first.proto != "HTTP/2.0" || first.status != http.StatusOK {
		t.Fatal(first, err)
	}
	next := edge(t, first.body)
	t.Run("many held at a time", func(t *testing.T) {
		held := folder + "index.m3u8?_HLS_msn=" + strconv.Itoa(next+1)
		impatient, leave := context.WithCancel(t.Context())
		var fetching sync.WaitGroup
		for i := range 900 {
			ctx := t.Context()
			if i%2 == 1 {
				ctx = impatient
			}
			fetching.Go(func() {
				got, err := s.fetch(ctx, client, held)
				if errors.Is(err, context.Canceled) && i%2 == 1 {
					return
				}
				if err != nil || got.status != http.StatusOK || !strings.Contains(got.body, "#EXTINF") {
					t.Error(got, err)
				}
			})
		}
		if _, err := s.fetch(t.Context(), client, "/healthz"); err != nil {
			t.Error(err)
		}
		leave()
		fetching.Wait()
	})
	t.Run("growing segment", func(t *testing.T) {
		latest, err := s.fetch(t.Context(), client, folder+"index.m3u8?_HLS_msn="+strconv.Itoa(next+2))
		if err != nil {
			t.Fatal(err)
		}
		number := edge(t, latest.body)
		_, err = s.fetch(t.Context(), client, fmt.Sprintf("%sindex.m3u8?_HLS_msn=%d&_HLS_part=0", folder, number))
		if err != nil {
			t.Fatal(err)
		}
		path := fmt.Sprintf("%sn%d.m4s", folder, number)
		grown, err := s.fetch(t.Context(), client, path)
		if err != nil || grown.status != http.StatusOK || grown.length != -1 {
			t.Fatal(grown, err)
		}
		whole, err := s.fetch(t.Context(), client, path)
		if err != nil || whole.body != grown.body || whole.length != int64(len(grown.body)) || whole.header.Get("ETag") != grown.header.Get("ETag") {
			t.Errorf("it grew to %d bytes, and then is %d: %v", len(grown.body), len(whole.body), err)
		}
	})
	t.Run("a body closes nothing", func(t *testing.T) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.http+"/healthz", strings.NewReader("unread"))
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK || res.Header.Get("Connection") != "" {
			t.Errorf("%s, %v", res.Status, res.Header)
		}
	})
}

// Clients that wait when the gateway stops are answered, and do not keep it from
// stopping. The stream is not over: it goes on with the next gateway.
func TestStopWhileHeld(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.broadcast("live/show")
	s.playing("live/show", 1)
	_, text := s.try("/live/show/v0/index.m3u8")
	path := "/live/show/v0/index.m3u8?_HLS_msn=" + strconv.Itoa(edge(t, text)+1)
	const clients = 300
	var held sync.WaitGroup
	for range clients {
		conn := s.dialHTTP()
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path); err != nil {
			t.Fatal(err)
		}
		held.Go(func() {
			answer, err := io.ReadAll(conn)
			if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 503 ")) || !bytes.Contains(answer, []byte("Cache-Control: no-store\r\n")) {
				t.Errorf("%v, and %.80q", err, answer)
			}
		})
	}
	eventually(t, "all are held", func() bool { return s.waiting() >= clients }) // what is read later is dropped
	s.stop()
	held.Wait()
}
