#!/usr/bin/env bash
# Builds the last commit as a release twice, in two clones in different folders, the second
# with another umask and time zone and without what Go has built before, and fails unless all sums
# are equal. Then it runs those binaries for Linux that can be run here.
set -euo pipefail
cd "$(dirname "$0")/.."

version=v0.0.0-check
commit=$(git rev-parse HEAD) # whatever is committed meanwhile
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# release DIR: builds a release of the last commit in a clone there.
release() {
	git clone --quiet --no-hardlinks --no-checkout . "$1"
	git -C "$1" checkout --quiet --detach "$commit"
	make -C "$1" release VERSION=$version >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		return 1
	}
}

release "$work/one"
(
	umask 077
	export TZ=Asia/Kathmandu GOCACHE=$work/cache
	release "$work/another/folder"
)
if ! diff "$work/one/dist/SHA256SUMS" "$work/another/folder/dist/SHA256SUMS"; then
	echo "the same commit gave other bytes" >&2
	exit 1
fi
cd "$work/one/dist"
sha256sum --check SHA256SUMS

# try ARCH COMMAND...: the binary for ARCH says its version, when COMMAND runs it.
try() {
	local name=sluice_${version}_linux_$1
	shift
	tar xzf "$name.tar.gz" -C "$work"
	"$@" "$work/$name/sluice" version | tee "$work/said"
	grep -q "^sluice  $version\$" "$work/said"
}

try amd64
if command -v qemu-aarch64-static >/dev/null; then
	try arm64 qemu-aarch64-static
else
	echo "qemu-aarch64-static is not installed (qemu-user-static): the binary for arm64 was not run" >&2
fi
echo "== the release is reproducible"
