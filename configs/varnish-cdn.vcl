# Varnish as a cache in front of Sluice: the same as nginx-cdn.conf, in less.
# Varnish wakes who waits for an answer at once, and shares an answer while it
# is still coming in, so growing segments need no more than this.
#
#	varnishd -a :8090 -f /etc/sluice/varnish-cdn.vcl -s malloc,2g \
#		-p thread_pool_min=500 -p thread_pool_max=10000
#
# A viewer of a growing segment keeps a thread; one who waits for a playlist or
# a part keeps none. The pools (there are two) must hold all of the former.

vcl 4.1;

backend sluice {
	.host = "127.0.0.1";
	.port = "8080";
	# Above three times the longest segment, the longest it holds a request.
	.first_byte_timeout = 60s;
	.between_bytes_timeout = 60s;
}

sub vcl_recv {
	set req.http.Host = "sluice";
	unset req.http.Cookie;
	if (req.method == "OPTIONS") {
		return (synth(204));
	}
	if (req.method != "GET" && req.method != "HEAD") {
		return (pass);
	}
	if (req.url ~ "/time(\?|$)") {
		return (pass); # of the gateway's clock: every player of DASH asks once
	}
	# Of a query only this counts, in this order. CMCD and all else is dropped:
	# it differs from viewer to viewer.
	if (req.url ~ "\.(m3u8|mpd|mp4|m4s|ts)(\?|$)") {
		set req.http.Query = "";
		if (req.url ~ "[?&]_HLS_msn=") {
			set req.http.Query = req.http.Query + regsub(req.url, "^[^?]*[?].*?(_HLS_msn=[^&]*).*$", "&\1");
		}
		if (req.url ~ "[?&]_HLS_part=") {
			set req.http.Query = req.http.Query + regsub(req.url, "^[^?]*[?].*?(_HLS_part=[^&]*).*$", "&\1");
		}
		if (req.url ~ "[?&]_HLS_skip=") {
			set req.http.Query = req.http.Query + regsub(req.url, "^[^?]*[?].*?(_HLS_skip=[^&]*).*$", "&\1");
		}
		set req.url = regsub(req.url, "[?].*$", "") + regsub(req.http.Query, "^&", "?");
		unset req.http.Query;
	}
	return (hash);
}

sub vcl_backend_response {
	# Nothing stale, ever: an old playlist takes a player back in time.
	set beresp.grace = 0s;
	set beresp.keep = 0s;
	unset beresp.http.Set-Cookie;
	# What must not be stored would make a mark that lets every viewer through
	# for two minutes.
	if (beresp.status >= 500) {
		set beresp.ttl = 1s;
		return (deliver);
	}
}

sub vcl_deliver {
	if (obj.hits > 0) {
		set resp.http.X-Cache = "HIT";
	} else {
		set resp.http.X-Cache = "MISS";
	}
}

sub vcl_synth {
	set resp.http.Access-Control-Allow-Origin = "*";
	if (resp.status == 204) {
		set resp.http.Access-Control-Allow-Methods = "GET, HEAD, OPTIONS";
		set resp.http.Access-Control-Allow-Headers = "*, Range, If-None-Match";
		set resp.http.Access-Control-Max-Age = "86400";
		return (deliver);
	}
}

sub vcl_backend_error {
	set beresp.http.Access-Control-Allow-Origin = "*";
	set beresp.http.Cache-Control = "no-store";
	set beresp.ttl = 1s;
}
