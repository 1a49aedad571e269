//go:build race

package timeline_test

const dayLength = 3 * 3600 // seconds: the race detector makes it ten times slower
