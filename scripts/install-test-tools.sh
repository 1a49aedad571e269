#!/usr/bin/env bash
# Installs what the tests need beside Go and Node, or with the argument "bench" what the
# benchmark does. As root on Debian it installs what is missing; otherwise it names the
# packages and fails.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()

# need PACKAGE... -- COMMAND: the packages are wanted when COMMAND fails.
need() {
	local wanted=()
	while [[ $1 != -- ]]; do
		wanted+=("$1")
		shift
	done
	shift
	"$@" >/dev/null 2>&1 || packages+=("${wanted[@]}")
}

# compiles: the race detector links through a C compiler and the C headers.
compiles() {
	printf '#include <stdlib.h>\nint main(void) { return 0; }\n' | cc -x c -o /dev/null -
}

# fetch_promtool takes one program out of Debian's package of Prometheus: installed, that
# would start a server, which nobody here wants.
fetch_promtool() (
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	chmod 755 "$work"
	top=$PWD
	cd "$work"
	apt-get -q download prometheus
	dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
	mkdir -p "$top/bin/tools"
	mv usr/bin/promtool "$top/bin/tools/promtool"
)

need nginx-light -- test -x /usr/sbin/nginx
if [[ ${1-} == bench ]]; then
	need libnginx-mod-rtmp -- test -e /usr/lib/nginx/modules/ngx_rtmp_module.so
else
	need ffmpeg -- command -v ffmpeg ffprobe
	need chromium fonts-liberation -- command -v chromium
	need libxml2-utils -- command -v xmllint
	need libnginx-mod-http-lua -- test -e /usr/lib/nginx/modules/ngx_http_lua_module.so
	need gcc libc6-dev -- compiles
fi

if ((${#packages[@]} > 0)); then
	if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
		echo "Debian packages are needed that are not installed; as root:" >&2
		echo "    apt-get install --no-install-recommends ${packages[*]}" >&2
		exit 1
	fi
	echo "installing ${packages[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt=(apt-get -q -y -o DPkg::Lock::Timeout=300)
	"${apt[@]}" update
	"${apt[@]}" install --no-install-recommends "${packages[@]}"
fi

# What Prometheus is given is judged by its own tool. Any promtool will do.
if [[ ${1-} != bench ]] && ! command -v promtool >/dev/null && [[ ! -x bin/tools/promtool ]]; then
	fetch_promtool >/dev/null || { ((EUID == 0)) && apt-get -q update && fetch_promtool; } || {
		echo "promtool is needed, of Prometheus: what Prometheus and Grafana are given is not tested without" >&2
	}
fi
