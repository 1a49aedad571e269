package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"
)

// A file is one in an archive.
type file struct {
	name    string // with slashes
	content []byte
	run     bool // it is a program
}

// read returns the file at path, to be called name.
func read(path, name string) (file, error) {
	content, err := os.ReadFile(path)
	return file{name: name, content: content}, err
}

// mode returns the same mode whatever the umask was.
func (f file) mode() fs.FileMode {
	if f.run {
		return 0o755
	}
	return 0o644
}

// companions returns what is beside the binary, in order.
func companions() ([]file, error) {
	var files []file
	add := func(name string) error {
		f, err := read(name, filepath.ToSlash(name))
		files = append(files, f)
		return err
	}
	for _, name := range []string{"CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md"} {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	err := filepath.WalkDir("configs", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "Dockerfile" { // which builds from the sources
			return err
		}
		return add(name)
	})
	return files, err
}

// writeTar writes files, below a folder, as a .tar.gz. Owners and times are the same for
// all.
func writeTar(w io.Writer, folder string, files []file, made time.Time) error {
	zipped, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(zipped)
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: path.Join(folder, f.name), Size: int64(len(f.content)),
			Mode: int64(f.mode()), ModTime: made, Format: tar.FormatUSTAR,
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(f.content); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), zipped.Close())
}

// writeZip does so as a .zip.
func writeZip(w io.Writer, folder string, files []file, made time.Time) error {
	archive := zip.NewWriter(w)
	for _, f := range files {
		header := &zip.FileHeader{Name: path.Join(folder, f.name), Method: zip.Deflate, Modified: made.UTC()}
		header.SetMode(f.mode())
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.content); err != nil {
			return err
		}
	}
	return archive.Close()
}
