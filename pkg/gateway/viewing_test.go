package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"sluice/pkg/cmaf"
	"sluice/pkg/store"
)

// A seen blob is a segment as viewers see it, in one of the stores.
type seenBlob struct {
	kind string
	open func(t *testing.T) store.Blob
	want []byte
}

// seenBlobs returns a segment of so many bytes of media, with its record behind
// them, in each kind of store.
func seenBlobs(t *testing.T, size int) []seenBlob {
	t.Helper()
	want := make([]byte, size)
	for i := range want {
		want[i] = byte(rand.Uint32())
	}
	record := cmaf.Record{Number: 7, Count: 25}
	disk, err := store.OpenDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.Close() })
	spool, err := store.NewSpool(store.NewMemory(), 1<<30, nil) // which nobody writes
	if err != nil {
		t.Fatal(err)
	}
	var all []seenBlob
	for kind, s := range map[string]store.Store{"memory": store.NewMemory(), "disk": disk, "spool": spool} {
		if err := s.Put("live/show/v0/1.m4s", want[:size/3], want[size/3:], record.Append(nil)); err != nil {
			t.Fatal(err)
		}
		all = append(all, seenBlob{kind, func(t *testing.T) store.Blob {
			t.Helper()
			blob, err := newViewing(s, nil).Open("live/show/v0/1.m4s")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = blob.Close() })
			return blob
		}, want})
	}
	return all
}

// TestViewingReadsMedia does the same, at random, with a segment and with its media
// alone: there is no difference.
func TestViewingReadsMedia(t *testing.T) {
	for _, size := range []int{0, 1, 1000, 100_000} {
		for _, c := range seenBlobs(t, size) {
			for seed := range uint64(20) {
				r := rand.New(rand.NewPCG(seed, uint64(size)))
				blob, model := c.open(t), bytes.NewReader(c.want)
				if blob.Size() != int64(size) {
					t.Fatalf("%s: %d bytes, want %d", c.kind, blob.Size(), size)
				}
				for step := range 100 {
					operation, err := compare(r, blob, model)
					if err != nil {
						t.Fatalf("%s of %d bytes, seed %d, step %d: %s: %v", c.kind, size, seed, step, operation, err)
					}
				}
			}
		}
	}
}

// compare does one thing with both, and returns how they differ.
func compare(r *rand.Rand, blob store.Blob, model *bytes.Reader) (operation string, err error) {
	size := int(model.Size())
	switch r.IntN(5) {
	case 0:
		whence := r.IntN(3)
		offset := int64(r.IntN(size+10) - r.IntN(size+10))
		got, gotErr := blob.Seek(offset, whence)
		want, wantErr := model.Seek(offset, whence)
		if (gotErr == nil) != (wantErr == nil) || gotErr == nil && got != want {
			err = fmt.Errorf("%d %w, want %d %w", got, gotErr, want, wantErr)
		}
		return fmt.Sprintf("seek %d, %d", offset, whence), err
	case 1:
		p, q := make([]byte, r.IntN(size+10)), make([]byte, size+10)
		off := int64(r.IntN(size + 10))
		n, gotErr := blob.ReadAt(p, off)
		m, wantErr := model.ReadAt(q[:len(p)], off)
		if n != m || !errors.Is(gotErr, wantErr) || !bytes.Equal(p[:n], q[:m]) {
			err = fmt.Errorf("%d %w, want %d %w", n, gotErr, m, wantErr)
		}
		return fmt.Sprintf("read %d at %d", len(p), off), err
	case 2:
		var got, want bytes.Buffer
		n, gotErr := io.Copy(&got, blob)
		m, wantErr := io.Copy(&want, model)
		if n != m || gotErr != nil || wantErr != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
			err = fmt.Errorf("%d %w, want %d %w", n, gotErr, m, wantErr)
		}
		return "copy", err
	default:
		p, q := make([]byte, 1+r.IntN(size+10)), make([]byte, size+10)
		n, gotErr := io.ReadFull(blob, p)
		m, wantErr := io.ReadFull(model, q[:len(p)])
		if n != m || !errors.Is(gotErr, wantErr) || !bytes.Equal(p[:n], q[:m]) {
			err = fmt.Errorf("%d %w, want %d %w", n, gotErr, m, wantErr)
		}
		return fmt.Sprintf("read %d", len(p)), err
	}
}

// TestViewingSendsMedia sends a segment, and ranges of it, over real connections.
// The kernel sends that on the disk.
func TestViewingSendsMedia(t *testing.T) {
	const size = 300_000
	for _, c := range seenBlobs(t, size) {
		if _, file := c.open(t).(syscall.Conn); file != (c.kind == "disk") {
			t.Errorf("%s: the kernel can send it: %v", c.kind, file)
		}
		if got := throughSocket(t, c.open(t)); !bytes.Equal(got, c.want) {
			t.Errorf("%s: %d bytes came, want %d", c.kind, len(got), size)
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "", time.Time{}, c.open(t))
		}))
		for asked, want := range map[string][]byte{
			"": c.want, "bytes=0-": c.want, "bytes=1-1": c.want[1:2], "bytes=299990-400000": c.want[299_990:],
			"bytes=-7": c.want[size-7:], "bytes=-400000": c.want, "bytes=300000-": nil,
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Range", asked)
			res, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			refused := res.StatusCode == http.StatusRequestedRangeNotSatisfiable
			if err != nil || refused != (want == nil) || !refused && !bytes.Equal(got, want) {
				t.Errorf("%s, %q: %s, %d bytes, %v", c.kind, asked, res.Status, len(got), err)
			}
		}
		server.Close()
	}
}

// throughSocket returns what comes out of a connection that a blob is copied into.
func throughSocket(t *testing.T, blob store.Blob) []byte {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	copied := make(chan error, 1)
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			_, err = io.Copy(conn, blob)
			_ = conn.Close()
		}
		copied <- err
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	got, err := io.ReadAll(conn)
	if err := errors.Join(err, <-copied); err != nil {
		t.Error(err)
	}
	return got
}

// What is no segment, or has no record, is seen as it is.
func TestViewingLeavesOthersAlone(t *testing.T) {
	s := store.NewMemory()
	record := cmaf.Record{Number: 7}
	whole := string(record.Append([]byte("media")))
	for name, content := range map[string]string{"live/show/v0/1.ts": whole, "live/show/v0/2.m4s": "no record", "live/show/v0/3.m4s": ""} {
		if err := s.Put(name, []byte(content)); err != nil {
			t.Fatal(err)
		}
		blob, err := newViewing(s, nil).Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(blob); err != nil || string(got) != content {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
