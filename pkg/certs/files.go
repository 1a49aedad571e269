package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
)

// A Pair is the paths of two files in PEM.
type Pair struct {
	Certificate string // with those that vouch for it behind it
	Key         string
}

// ErrKey is wrapped by errors that are about the key of a Pair.
var ErrKey = errors.New("key")

// Files has the certificates of files, in their order. The files may be replaced at any
// time, the two of a pair one after the other, or together with their folder.
type Files struct {
	shelf
	pairs []*watched
}

// OpenFiles reads pairs, of which there is at least one. An error names the file.
func OpenFiles(pairs []Pair) (*Files, error) {
	f := &Files{}
	var all []*tls.Certificate
	for _, p := range pairs {
		w := &watched{Pair: p}
		c, err := w.look()
		if err != nil {
			return nil, err
		}
		all, f.pairs = append(all, c), append(f.pairs, w)
	}
	f.put(all)
	return f, nil
}

// Refresh implements Source. It looks at the bytes of the files, not at their times:
// whatever brought them there counts. Of a pair that is not right half may have been
// replaced so far, so that is an error only when it is found a second time.
func (f *Files) Refresh(context.Context) error {
	var errs []error
	all, changed := slices.Clone(f.all()), false
	for i, w := range f.pairs {
		c, err := w.look()
		switch {
		case err != nil:
			if w.failed++; w.failed > 1 {
				errs = append(errs, err)
			}
			continue
		case c != nil:
			all[i], changed = c, true
		}
		w.failed = 0
	}
	if changed {
		f.put(all)
	}
	return errors.Join(errs...)
}

// watched is a Pair that is looked at again and again.
type watched struct {
	Pair
	certificate, key []byte // what is in use
	failed           int    // how often it was not right, one after the other
}

// look reads the files, and returns the certificate if they are others than those in use.
func (w *watched) look() (*tls.Certificate, error) {
	certificate, err := os.ReadFile(w.Certificate)
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(w.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if bytes.Equal(certificate, w.certificate) && bytes.Equal(key, w.key) {
		return nil, nil
	}
	if err := checkChain(certificate); err != nil {
		return nil, fmt.Errorf("%s: %w", w.Certificate, err)
	}
	c, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("%w %s: %w", ErrKey, w.Key, err)
	}
	w.certificate, w.key = certificate, key
	return &c, nil
}

// checkChain returns what is wrong with certificates in PEM.
func checkChain(text []byte) error {
	found := false
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		found = true
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return err
		}
	}
	if !found {
		return errors.New("there is no certificate in PEM in it")
	}
	return nil
}
