package main

// allowed returns, for each package of the module, which others it may import.
// A package that is not a key may not exist: whoever adds one decides here
// where it stands. A package's entries stand below it, so the table has no
// cycle.
func allowed() map[string][]string {
	return map[string][]string{
		"cmd/sluice": {"pkg/gateway", "pkg/config", "pkg/push", "pkg/check", "pkg/obs", "pkg/access", "pkg/version"},

		// The one package that knows them all. It joins rtmp, stream and
		// origin, which do not know each other.
		"pkg/gateway": {
			"pkg/rtmp", "pkg/stream", "pkg/origin",
			"pkg/hls", "pkg/dash", "pkg/live", "pkg/cmaf", "pkg/mpegts",
			"pkg/flv", "pkg/timeline", "pkg/segment", "pkg/codec", "pkg/amf",
			"pkg/store", "pkg/config", "pkg/media", "pkg/push", "pkg/check",
			"pkg/metrics", "pkg/monitor", "pkg/api", "pkg/obs", "pkg/access", "pkg/hooks", "pkg/certs", "pkg/h3", "pkg/version", "web",
		},

		"pkg/metrics": {"pkg/monitor", "pkg/stream", "pkg/timeline", "pkg/hooks", "pkg/certs", "pkg/version"},
		"pkg/api":     {"pkg/monitor", "pkg/stream"},
		"pkg/monitor": {"pkg/stream", "pkg/live", "pkg/timeline", "pkg/media"},

		"pkg/rtmp":   {"pkg/amf", "pkg/flv", "pkg/codec", "pkg/media"},
		"pkg/stream": {"pkg/timeline", "pkg/segment", "pkg/cmaf", "pkg/live", "pkg/store", "pkg/codec", "pkg/media"},
		"pkg/origin": {"pkg/hls", "pkg/dash", "pkg/mpegts", "pkg/cmaf", "pkg/live", "pkg/store", "pkg/scroll", "pkg/obs", "pkg/media"},

		"pkg/hls":      {"pkg/live", "pkg/scroll", "pkg/codec", "pkg/media"},
		"pkg/dash":     {"pkg/live", "pkg/scroll", "pkg/codec", "pkg/media"},
		"pkg/live":     {"pkg/media"},
		"pkg/cmaf":     {"pkg/codec", "pkg/media"},
		"pkg/mpegts":   {"pkg/codec", "pkg/media"},
		"pkg/flv":      {"pkg/amf", "pkg/codec", "pkg/media"},
		"pkg/timeline": {"pkg/media"},
		"pkg/segment":  {"pkg/media"},
		"pkg/codec":    {"pkg/media"},

		"pkg/access":  nil,
		"pkg/amf":     nil,
		"pkg/store":   nil,
		"pkg/scroll":  nil,
		"pkg/config":  nil,
		"pkg/obs":     nil,
		"pkg/hooks":   nil,
		"pkg/certs":   nil,
		"pkg/h3":      nil,
		"pkg/media":   nil,
		"pkg/version": nil,
		"pkg/push":    nil,
		"pkg/check":   {"pkg/check/checktest"}, // in its tests

		"web": nil, // the embedded page

		"pkg/store/storetest": {"pkg/store"}, // the suite that every store passes
		"pkg/check/checktest": nil,           // HTTP in a bubble of time
		"pkg/certs/certstest": nil,           // certificates for tests
		"scripts/importgate":  nil,
		"scripts/bench":       {"pkg/amf"}, // measures from outside
		"scripts/release":     nil,
	}
}

// isolated reports whether the tests of pkg obey the table too. The tests of
// other packages may import what they like; a judge that leans on the judged,
// even in its tests, proves nothing.
func isolated(pkg string) bool { return pkg == "pkg/check" }
