package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"
)

// viewers watch streams with low latency as players do: for each track they ask for the part
// that is hinted at and, at the same time, for the playlist that will have it.
type viewers struct {
	address string
	tracks  []string
	ages    *ages // of parts of the first track; may be nil

	wg           sync.WaitGroup
	mu           sync.Mutex
	err          error
	lists, parts tally
}

// A tally counts answers.
type tally struct {
	count, bytes float64
}

// mean returns the mean size of the answers since an earlier tally.
func (t tally) mean(since tally) float64 { return (t.bytes - since.bytes) / (t.count - since.count) }

// start has n viewers come, evenly over as many streams, until ctx ends.
func (v *viewers) start(ctx context.Context, n, streams int) {
	for i := range n {
		for k, track := range v.tracks {
			v.wg.Go(func() {
				if err := v.watch(ctx, i%streams, k == 0, track); err != nil && ctx.Err() == nil {
					v.mu.Lock()
					defer v.mu.Unlock()
					v.err = fmt.Errorf("viewer %d of %s: %w", i, track, err)
				}
			})
		}
	}
}

func (v *viewers) wait() error {
	v.wg.Wait()
	return v.err
}

func (v *viewers) watch(ctx context.Context, stream int, aged bool, track string) error {
	lists, err := openWire(ctx, v.address)
	if err != nil {
		return err
	}
	defer lists.close()
	media, err := openWire(ctx, v.address)
	if err != nil {
		return err
	}
	defer media.close()
	stop := context.AfterFunc(ctx, func() { lists.close(); media.close() })
	defer stop()

	folder := streamFolder(stream) + track + "/"
	var l listing
	if err := l.read(lists, folder+"index.m3u8"); err != nil {
		return err
	}
	listed := make(chan error)
	for ctx.Err() == nil {
		hint := l.hint
		go func() {
			listed <- l.read(lists, folder+"index.m3u8?_HLS_msn="+strconv.Itoa(l.number)+"&_HLS_part="+strconv.Itoa(l.part))
		}()
		if hint != "" {
			status, body, err := media.get(folder + hint)
			if err == nil && status != 200 {
				err = fmt.Errorf("%s: status %d", hint, status)
			}
			if err != nil {
				<-listed
				return err
			}
			if aged {
				v.ages.take(stream, body, time.Now())
			}
			v.note(&v.parts, len(body))
		}
		if err := <-listed; err != nil {
			return err
		}
		v.note(&v.lists, l.size)
	}
	return nil
}

func streamFolder(stream int) string { return "/live/n" + strconv.Itoa(stream) + "/" }

func (v *viewers) note(t *tally, size int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	t.count++
	t.bytes += float64(size)
}

// tally returns what has come so far.
func (v *viewers) tally() (lists, parts tally) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.lists, v.parts
}

// A listing is what a viewer needs of a playlist: what comes next.
type listing struct {
	hint         string
	number, part int
	size         int // of the answer
	zip          gzip.Reader
	text         []byte
}

func (l *listing) read(w *wire, path string) error {
	status, body, err := w.get(path)
	if err != nil {
		return err
	}
	if status != 200 {
		return fmt.Errorf("%s: status %d", path, status)
	}
	return l.take(body)
}

// take takes an answer, compressed or not.
func (l *listing) take(body []byte) error {
	l.size = len(body)
	if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		if err := l.zip.Reset(bytes.NewReader(body)); err != nil {
			return err
		}
		buffer := bytes.NewBuffer(l.text[:0])
		if _, err := io.Copy(buffer, &l.zip); err != nil {
			return err
		}
		l.text = buffer.Bytes()
	} else {
		l.text = append(l.text[:0], body...)
	}
	return l.parse(l.text)
}

func (l *listing) parse(text []byte) error {
	const hint, sequence = `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="`, "#EXT-X-MEDIA-SEQUENCE:"
	l.hint = ""
	if _, uri, ok := bytes.Cut(text, []byte(hint)); ok {
		uri, _, _ = bytes.Cut(uri, []byte(`"`))
		l.hint = string(uri)
	}
	_, first, ok := bytes.Cut(text, []byte(sequence))
	first, _, _ = bytes.Cut(first, []byte("\n"))
	number, err := strconv.Atoi(string(first))
	if !ok || err != nil {
		return fmt.Errorf("a playlist without a sequence number: %.200q", text)
	}
	l.number = number + bytes.Count(text, []byte("#EXTINF:"))
	growing := text
	if i := bytes.LastIndex(text, []byte("#EXTINF:")); i >= 0 {
		growing = text[i:]
	}
	l.part = bytes.Count(growing, []byte("#EXT-X-PART:"))
	return nil
}

// mark stands in front of a picture's number in the clip.
const mark = "\xf0frame\xf0\x0f"

// ages are of the newest picture of each part when a viewer had all of it, since the
// publisher began to send that.
type ages struct {
	load *publishers
	mu   sync.Mutex
	all  []time.Duration
}

func (a *ages) take(stream int, part []byte, now time.Time) {
	if a == nil {
		return
	}
	i := bytes.LastIndex(part, []byte(mark))
	if i < 0 {
		return
	}
	sent := a.load.sent(stream, int(binary.BigEndian.Uint16(part[i+len(mark):])))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, now.Sub(sent))
}

func (a *ages) reset() {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = nil
}

// quantile returns the age that a share of all has at most.
func (a *ages) quantile(q float64) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.all) == 0 {
		return 0
	}
	slices.Sort(a.all)
	return a.all[int(q*float64(len(a.all)-1))]
}
