#!/usr/bin/env bash
# Installs what the tests need beside Go and Node, or with the argument "bench" what the
# benchmark does. As root on Debian it installs what is missing; otherwise it names the
# packages and fails.
set -euo pipefail

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

if ((${#packages[@]} == 0)); then
	exit 0
fi
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
