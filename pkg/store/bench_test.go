package store_test

import (
	"fmt"
	"testing"

	"sluice/pkg/store"
)

// kept is how many blobs are kept while more are put.
const kept = 30

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("live/show/v0/%d.m4s", i)
	}
	return all
}

// BenchmarkPut puts segments of 640 kB and removes them again. What a spool
// takes there stays in memory: that is what a publisher waits for.
func BenchmarkPut(b *testing.B) {
	segment := make([][]byte, 8)
	for i := range segment {
		segment[i] = make([]byte, 80_000)
	}
	stores := map[string]func(b *testing.B) store.Store{
		"memory": func(*testing.B) store.Store { return store.NewMemory() },
		"disk":   func(b *testing.B) store.Store { return openDisk(b, b.TempDir()) },
		"spool":  func(b *testing.B) store.Store { return newSpool(b, store.NewMemory(), plenty, nil) },
	}
	ring := names(2 * kept)
	for name, open := range stores {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			b.ReportAllocs()
			b.SetBytes(8 * 80_000)
			for i := 0; b.Loop(); i++ {
				if err := s.Put(ring[i%len(ring)], segment...); err != nil {
					b.Fatal(err)
				}
				if i < kept {
					continue
				}
				if err := s.Remove(ring[(i-kept)%len(ring)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
