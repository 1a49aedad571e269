// Package acme tests that the gateway gets, keeps and renews certificates of Pebble, the
// server that Let's Encrypt has for such tests.
package acme
