package segment

import "sluice/pkg/media"

// A queue is samples of one track that wait, in order.
type queue struct {
	samples []media.Sample
	bytes   int64 // of their data
}

func (q *queue) add(s media.Sample) {
	q.samples = append(q.samples, s)
	q.bytes += int64(len(s.Data))
}

// forget removes the first n samples.
func (q *queue) forget(n int) {
	for _, s := range q.samples[:n] {
		q.bytes -= int64(len(s.Data))
	}
	rest := copy(q.samples, q.samples[n:])
	clear(q.samples[rest:])
	q.samples = q.samples[:rest]
}
