#!/usr/bin/env bash
# Runs every test: Go under the race detector, the Go tests that must not run
# under it, a minute of the soak test, ACME against a certificate authority, the
# page's unit tests, the page in a browser. It goes on after a failure and ends
# with a list of what failed. The page and bin/sluice are built and the tools
# installed before: `make test` sees to that.
set -euo pipefail
cd "$(dirname "$0")/.."

export NO_COLOR=1 # the output is searched below, and read in logs
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=()

# step NAME COMMAND...: runs one part, shows its output and keeps its verdict.
step() {
	local name=$1 start=$SECONDS
	shift
	echo "== $name: $*"
	if ! "$@" 2>&1 | tee "$log"; then
		failed+=("$name" "$(grep -E '^ *(--- )?FAIL:?[[:space:]]+[^[:space:]]|^panic: |DATA RACE' "$log" | sort -u || true)")
	fi
	echo "== $name: $((SECONDS - start)) s"
}

# Under the race detector allocations are not what they are in production, and some
# tests are shorter (//go:build race), so the packages that have such tests run once
# more without it.
mapfile -t unhindered < <(grep -rlE --include='*_test.go' --exclude-dir=node_modules \
	'testing\.AllocsPerRun|^//go:build race' cmd pkg | xargs -r -n1 dirname | sort -u | sed 's|^|./|')

# -count=1: what a test finds out about ffmpeg, Chromium and bin/sluice is not
# in Go's cache.
step "go" go test -race -count=1 -timeout 12m ./...
if ((${#unhindered[@]} > 0)); then
	step "without the race detector" go test -count=1 "${unhindered[@]}"
fi
step "soak" go -C scripts/soak test -count=1 -timeout 5m ./...
step "acme" go -C scripts/acme test -count=1 -timeout 10m ./...
step "page" npm --prefix web test
step "browser" npm --prefix web run e2e

if ((${#failed[@]} > 0)); then
	echo "== failed"
	printf '%s\n' "${failed[@]}"
	exit 1
fi
echo "== all tests passed"
