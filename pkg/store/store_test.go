package store_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/store"
	"sluice/pkg/store/storetest"
)

func openDisk(t testing.TB, root string, options ...store.DiskOption) *store.Disk {
	t.Helper()
	disk, err := store.OpenDisk(root, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.Close() })
	return disk
}

func TestADirectoryHasOneDisk(t *testing.T) {
	root := t.TempDir()
	disk := openDisk(t, root)
	if _, err := store.OpenDisk(root); !errors.Is(err, store.ErrInUse) {
		t.Errorf("a second one: %v", err)
	}
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	openDisk(t, root)
}

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return store.NewMemory() })
}

func TestDisk(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		root := t.TempDir()
		t.Cleanup(func() { checkTidy(t, root) })
		return openDisk(t, root)
	})
}

// files returns the paths of all files and directories below root.
func files(t *testing.T, root string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if path != root {
			paths = append(paths, strings.TrimPrefix(path, root+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// checkTidy fails the test when a temporary file or an empty directory is left.
func checkTidy(t *testing.T, root string) {
	for _, path := range files(t, root) {
		if strings.HasPrefix(filepath.Base(path), ".") {
			t.Errorf("left over: %s", path)
		}
		if err := syscall.Rmdir(filepath.Join(root, path)); err == nil {
			t.Errorf("left empty: %s", path)
		}
	}
}

func TestDiskGoesOnWithWhatIsThere(t *testing.T) {
	root := filepath.Join(t.TempDir(), "made", "on", "demand")
	first := openDisk(t, root)
	for _, name := range []string{"live/a", "live/show/b"} {
		if err := first.Put(name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	scatter(t, root)
	second := openDisk(t, root)
	if got := second.Usage(); got != (store.Usage{Blobs: 2, Bytes: 17}) {
		t.Errorf("after opening it again: %+v", got)
	}
	want := []string{
		".gitkeep", "a b", "live", "live/a", "live/show", "live/show/b",
		"lost+found", "lost+found/x",
	}
	if diff := cmp.Diff(want, files(t, root)); diff != "" {
		t.Error(diff)
	}
	for entry, err := range second.List("") {
		if err != nil || entry.Name != "live/a" && entry.Name != "live/show/b" {
			t.Errorf("listed: %q, %v", entry.Name, err)
		}
	}
}

// scatter leaves in root what a killed process leaves, and things of others.
func scatter(t *testing.T, root string) {
	t.Helper()
	for _, dir := range []string{"empty/in/empty", "half", "lost+found"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{".gitkeep", "a b", "half/.put-1", "live/show/.put-zz", "lost+found/x"} {
		if err := os.WriteFile(filepath.Join(root, file), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDiskFailsCleanly(t *testing.T) {
	root := t.TempDir()
	disk := openDisk(t, root)
	// A directory in the blob's place fails the rename, when the file is written.
	if err := os.MkdirAll(filepath.Join(root, "live", "a", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := disk.Put("live/a", []byte("a")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Put over a directory says %v", err)
	}
	if err := disk.Remove("live/a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Remove of a directory says %v", err)
	}
	if got := disk.Usage(); got != (store.Usage{}) {
		t.Errorf("%+v", got)
	}
	if _, err := store.OpenDisk(root + "\x00"); err == nil {
		t.Error("a root that cannot be")
	}
}

func TestDiskBlobIsSentFromTheFile(t *testing.T) {
	disk := openDisk(t, t.TempDir())
	text := strings.Repeat("0123456789", 100_000)
	if err := disk.Put("live/a.m4s", []byte(text)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		blob, err := disk.Open("live/a.m4s")
		if err != nil {
			t.Error(err)
			return
		}
		defer blob.Close()
		if _, ok := blob.(syscall.Conn); !ok {
			t.Error("net cannot see the file in a Blob")
		}
		http.ServeContent(w, r, "a.m4s", time.Time{}, blob)
	}))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=5-899999")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != text[5:900_000] || resp.StatusCode != http.StatusPartialContent {
		t.Errorf("%s, %d bytes, %v", resp.Status, len(got), err)
	}
}
