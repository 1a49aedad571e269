package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"sluice/pkg/check"
)

// texts are what viewers watch of each stream.
func texts() []string { return []string{"index.m3u8", "ts.m3u8", "index.mpd", "ll.mpd"} }

// A viewer is a strict client of one text of one stream. It watches one
// presentation after the other.
type viewer struct {
	base, stream, text string
	book               *book
	until              time.Time
	ended              bool                     // the last presentation had
	numbers            map[string]check.Numbers // of it
}

func newViewer(base, stream, text string, b *book, until time.Time) *viewer {
	return &viewer{base: base, stream: stream, text: text, book: b, until: until, numbers: make(map[string]check.Numbers)}
}

// run watches until the soak ends.
func (v *viewer) run(ctx context.Context) {
	for ctx.Err() == nil && time.Until(v.until) > 3*time.Second {
		if !v.live(ctx) {
			pause(ctx, 500*time.Millisecond)
			continue
		}
		report, err := check.Run(ctx, v.base+"/"+v.stream+"/"+v.text, check.Options{
			Duration: time.Until(v.until), Patient: true, Found: v.found,
		})
		if err != nil {
			pause(ctx, 200*time.Millisecond) // the gateway is away: it is asked again
			continue
		}
		v.judgeNumbers(report)
		v.book.saw(v.text+": watches", 1)
		for thing, n := range report.Seen {
			v.book.saw(v.text+": "+thing+"s", n)
		}
	}
}

// live reports whether the stream is there and has not ended.
func (v *viewer) live(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+"/"+v.stream+"/v0/index.m3u8", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return err == nil && res.StatusCode == http.StatusOK && !strings.Contains(string(body), "#EXT-X-ENDLIST")
}

// found notes a fault of the gateway.
func (v *viewer) found(f check.Finding) {
	if f.Level == check.Must {
		v.book.broken(f.Name, v.text+" "+place(f.URL), "%s (%s, line %d)", f.Detail, f.URL, f.Line)
	} else {
		v.book.count("warnings: " + f.Name)
	}
}

// numbered is what differs between addresses of one kind.
var numbered = regexp.MustCompile(`[0-9a-f]{16}|[0-9]{4,}`)

// place returns what kind of address it is.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return numbered.ReplaceAllString(u.Path, "*")
}

// judgeNumbers looks whether a presentation goes on behind those before it.
func (v *viewer) judgeNumbers(report *check.Report) {
	if !v.ended {
		clear(v.numbers) // the one before broke off: this is the same presentation
	}
	for thing, n := range report.Numbers {
		if before, ok := v.numbers[thing]; ok && n.First <= before.Last {
			v.book.broken("soak/numbers", v.text, "%s ended with %d, and the next presentation begins with %d", thing, before.Last, n.First)
		}
		v.numbers[thing] = n
	}
	v.ended = report.Ended
}
