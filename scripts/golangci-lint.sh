#!/usr/bin/env bash
# Runs golangci-lint with the given arguments, at the version that
# scripts/tools/go.mod pins. It is built once into bin/tools/; a new version of
# it or of Go is a new file. With -C DIR in front it looks at the module there.
set -euo pipefail
cd "$(dirname "$0")/.."

module=github.com/golangci/golangci-lint/v2
version=$(go -C scripts/tools list -m -f '{{.Version}}' "$module")
binary=$PWD/bin/tools/golangci-lint-$version-$(go env GOVERSION)

if [[ ! -x $binary ]]; then
	echo "building golangci-lint $version, once: some minutes" >&2
	mkdir -p bin/tools
	CGO_ENABLED=0 go -C scripts/tools build -trimpath -buildvcs=false -o "$binary.new" "$module/cmd/golangci-lint"
	mv "$binary.new" "$binary"
fi
if [[ ${1-} == -C ]]; then
	cd "$2"
	shift 2
fi
exec "$binary" "$@"
