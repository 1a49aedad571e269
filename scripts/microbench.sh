#!/usr/bin/env bash
# Runs the micro benchmarks: those that match BENCH (all when it is not set),
# COUNT times each (once when it is not set), in the packages that have any or
# in those given as arguments.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()
for package in $(go list "${@:-./...}"); do
	dir=$(go list -f '{{.Dir}}' "$package")
	if grep -qs '^func Benchmark' "$dir"/*_test.go; then
		packages+=("$package")
	fi
done
if ((${#packages[@]} == 0)); then
	echo "no benchmarks" >&2
	exit 1
fi

out=$(mktemp)
trap 'rm -f "$out"' EXIT
# One package at a time: two at once would measure each other.
go test -p 1 -run '^$' -bench "${BENCH:-.}" -benchmem -count "${COUNT:-1}" "${packages[@]}" | tee "$out"
if ! grep -q '^Benchmark' "$out"; then
	echo "no benchmark matches ${BENCH:-.}" >&2
	exit 1
fi
