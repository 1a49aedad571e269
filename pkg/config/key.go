package config

import (
	"slices"
	"strings"
)

// prefix begins the name of every variable that sets a key.
const prefix = "SLUICE_"

// A key is one setting: its name and the place of its value.
type key struct {
	name  string
	value value
}

// A value is read from text and written as text.
type value interface {
	Set(text string) error
	String() string
}

// keys returns all settings, with their places in c. It is the one table that
// the file, the environment and Set read.
func (c *Config) keys() []key {
	return slices.Concat([]key{
		{"rtmp.address", text{&c.RTMP.Address}},
		{"rtmp.tls_address", text{&c.RTMP.TLSAddress}},
		{"rtmp.handshake_timeout", span{&c.RTMP.HandshakeTimeout}},
		{"rtmp.publish_timeout", span{&c.RTMP.PublishTimeout}},
		{"rtmp.idle_timeout", span{&c.RTMP.IdleTimeout}},
		{"rtmp.max_connections", number{&c.RTMP.MaxConnections}},
		{"http.address", text{&c.HTTP.Address}},
		{"http.tls_address", text{&c.HTTP.TLSAddress}},
		{"http.http3", flag{&c.HTTP.HTTP3}},
	}, c.TLS.keys(), []key{
		{"api.address", text{&c.API.Address}},
		{"api.token_file", text{&c.API.TokenFile}},
		{"publish.keys", lists{&c.Publish.Keys}},
		{"publish.users", lists{&c.Publish.Users}},
		{"publish.ask_user", text{&c.Publish.AskUser}},
	}, c.Publish.JWT.keys("publish.jwt"), []key{
		{"publish.webhook.url", text{&c.Publish.Webhook.URL}},
		{"publish.webhook.format", choice[WebhookFormat]{&c.Publish.Webhook.Format, []WebhookFormat{SluiceFormat, NginxRTMPFormat, SRSFormat, MediaMTXFormat}}},
		{"publish.webhook.secret_file", text{&c.Publish.Webhook.SecretFile}},
		{"publish.webhook.timeout", span{&c.Publish.Webhook.Timeout}},
		{"watch.secret_file", text{&c.Watch.SecretFile}},
	}, c.Watch.JWT.keys("watch.jwt"), []key{
		{"watch.trusted", text{&c.Watch.Trusted}},
		{"store.type", choice[StoreType]{&c.Store.Type, []StoreType{Disk, InMemory}}},
		{"store.path", text{&c.Store.Path}},
		{"limits.publishers", number{&c.Limits.Publishers}},
		{"limits.streams", number{&c.Limits.Streams}},
		{"limits.memory", &c.Limits.Memory},
		{"limits.disk", &c.Limits.Disk},
		{"limits.disk_free", &c.Limits.DiskFree},
		{"limits.stream_memory", &c.Limits.StreamMemory},
		{"limits.stream_disk", &c.Limits.StreamDisk},
		{"segment.duration", span{&c.Segment.Duration}},
		{"segment.part", span{&c.Segment.Part}},
		{"segment.max", span{&c.Segment.Max}},
		{"dash.chunk", span{&c.DASH.Chunk}},
		{"window.duration", span{&c.Window.Duration}},
		{"stream.linger", span{&c.Stream.Linger}},
		{"stream.keep", span{&c.Stream.Keep}},
		{"stream.conflict", choice[Conflict]{&c.Stream.Conflict, []Conflict{Reject, TakeOver, Backup}}},
		{"stream.failover", span{&c.Stream.Failover}},
		{"ladders", lists{&c.Ladders}},
		{"webhooks", receivers{&c.Webhooks}},
		{"ts.cache_bytes", &c.TS.CacheBytes},
		{"stop.delay", span{&c.Stop.Delay}},
		{"log.level", level{&c.Log.Level}},
		{"log.format", choice[LogFormat]{&c.Log.Format, []LogFormat{JSON, Console}}},
	})
}

// keys returns those of a section.
func (j *JWT) keys(section string) []key {
	return []key{
		{section + ".secret_file", text{&j.SecretFile}},
		{section + ".public_key_file", text{&j.PublicKeyFile}},
		{section + ".key_set", text{&j.KeySet}},
		{section + ".audience", text{&j.Audience}},
		{section + ".issuer", text{&j.Issuer}},
	}
}

// variable returns the environment variable that sets k: SLUICE_RTMP_ADDRESS
// sets rtmp.address.
func (k key) variable() string {
	return prefix + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_"))
}

func (c *Config) names() []string {
	var names []string
	for _, k := range c.keys() {
		names = append(names, k.name)
	}
	return names
}

// A Setting is one key and its value, as text.
type Setting struct {
	Key      string // "rtmp.address"
	Variable string // "SLUICE_RTMP_ADDRESS"
	Value    string // ":1935"
	Origin   string // where the value came from; empty for a default
}

// Settings returns all keys and their values, in the order of configs/sluice.yml.
func (c Config) Settings() []Setting {
	var settings []Setting
	for _, k := range c.keys() {
		settings = append(settings, Setting{k.name, k.variable(), k.value.String(), c.origins[k.name]})
	}
	return settings
}
