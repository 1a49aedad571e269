package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// A listing is what a viewer needs of a playlist: what comes next.
type listing struct {
	hint         string
	number, part int
	size         int // of the answer
	zip          unzipper
}

func (l *listing) read(w *wire, path string) error {
	status, body, err := w.get(path)
	if err != nil {
		return err
	}
	if status != 200 {
		return fmt.Errorf("%s: status %d", path, status)
	}
	l.size = len(body)
	text, err := l.zip.plain(body)
	if err != nil {
		return err
	}
	return l.parse(text)
}

func (l *listing) parse(text []byte) error {
	l.hint = ""
	if _, uri, ok := bytes.Cut(text, []byte(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="`)); ok {
		uri, _, _ = bytes.Cut(uri, []byte(`"`))
		l.hint = string(uri)
	}
	in, err := listedIn(text)
	if err != nil {
		return err
	}
	l.number = in.next
	growing := text
	if i := bytes.LastIndex(text, []byte("#EXTINF:")); i >= 0 {
		growing = text[i:]
	}
	l.part = bytes.Count(growing, []byte("#EXT-X-PART:"))
	return nil
}

// An unzipper makes plain what is compressed, over and over.
type unzipper struct {
	zip  gzip.Reader
	text []byte
}

// plain returns an answer without its compression, if it has one. It is valid until the
// next call.
func (u *unzipper) plain(body []byte) ([]byte, error) {
	if !bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		return body, nil
	}
	if err := u.zip.Reset(bytes.NewReader(body)); err != nil {
		return nil, err
	}
	buffer := bytes.NewBuffer(u.text[:0])
	if _, err := io.Copy(buffer, &u.zip); err != nil {
		return nil, err
	}
	u.text = buffer.Bytes()
	return u.text, nil
}
