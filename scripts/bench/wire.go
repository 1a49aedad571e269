package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// A wire is a connection to a server over HTTP/1.1, of a client that takes as little as it
// can: what it costs is not what is measured.
type wire struct {
	conn    net.Conn
	in      *bufio.Reader
	request []byte
	body    []byte
}

func openWire(ctx context.Context, address string) (*wire, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &wire{conn: conn, in: bufio.NewReaderSize(conn, 32<<10)}, nil
}

func (w *wire) close() { _ = w.conn.Close() }

// get asks for a path and returns the answer, which is valid until the next call.
func (w *wire) get(path string) (status int, body []byte, err error) {
	w.request = append(append(append(w.request[:0], "GET "...), path...), " HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n"...)
	if _, err := w.conn.Write(w.request); err != nil {
		return 0, nil, err
	}
	line, err := w.in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, nil, fmt.Errorf("status line %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, err
	}
	length := -1
	for {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(": ")); len(name) == len("Content-Length") && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, nil, err
			}
		}
	}
	if length < 0 {
		return 0, nil, errors.New("the answer has no Content-Length")
	}
	if cap(w.body) < length {
		w.body = make([]byte, length+length/4)
	}
	w.body = w.body[:length]
	_, err = io.ReadFull(w.in, w.body)
	return status, w.body, err
}
