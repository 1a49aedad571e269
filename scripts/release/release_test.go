package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	made  = time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC) // an even second: zip has no others
	files = []file{{name: "sluice", content: []byte("binary"), run: true}, {name: "configs/sluice.yml", content: []byte("# nothing\n")}}
	want  = []string{
		"v1/sluice -rwxr-xr-x 2026-01-02T03:04:06Z binary",
		"v1/configs/sluice.yml -rw-r--r-- 2026-01-02T03:04:06Z # nothing\n",
	}
)

func TestTar(t *testing.T) {
	var packed bytes.Buffer
	if err := writeTar(&packed, "v1", files, made); err != nil {
		t.Fatal(err)
	}
	zipped, err := gzip.NewReader(&packed)
	if err != nil {
		t.Fatal(err)
	}
	if !zipped.ModTime.IsZero() || zipped.Name != "" {
		t.Errorf("the head of gzip says more than it has to: %+v", zipped.Header)
	}
	var got []string
	for archive := tar.NewReader(zipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" {
			t.Errorf("%s belongs to somebody: %+v", h.Name, h)
		}
		content, _ := io.ReadAll(archive)
		got = append(got, describe(h.Name, h.FileInfo(), h.ModTime, content))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestZip(t *testing.T) {
	var packed bytes.Buffer
	if err := writeZip(&packed, "v1", files, made); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(r)
		got = append(got, describe(f.Name, f.FileInfo(), f.Modified, content))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func describe(name string, info os.FileInfo, at time.Time, content []byte) string {
	return fmt.Sprintf("%s %s %s %s", name, info.Mode(), at.UTC().Format(time.RFC3339), content)
}

func TestVersions(t *testing.T) {
	for version, right := range map[string]bool{
		"v0.1.0": true, "v1.20.3-rc.1": true, "": false, "0.1.0": false, "v1.2": false, "34351e9-dirty": false, "v1.2.3 -X a=b": false,
	} {
		if err := checkVersion(version); (err == nil) != right {
			t.Errorf("%q: %v", version, err)
		}
	}
}

// Nothing is given away without its licence.
func TestLicences(t *testing.T) {
	folder := t.TempDir()
	var text bytes.Buffer
	if err := appendLicences(&text, folder); err == nil {
		t.Error("no licence is no error")
	}
	for _, name := range []string{"LICENSE-MIT", "NOTICE", "license_test.go", "README.md"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("this is "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := appendLicences(&text, folder); err != nil {
		t.Fatal(err)
	}
	for words, is := range map[string]bool{"LICENSE-MIT": true, "NOTICE": true, "license_test": false, "README": false} {
		if strings.Contains(text.String(), "this is "+words) != is {
			t.Errorf("%s: %v in\n%s", words, !is, text.String())
		}
	}
}
