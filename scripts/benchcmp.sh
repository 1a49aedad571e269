#!/usr/bin/env bash
# Compares the micro benchmarks of what is here with those of a commit: BASE, or else the
# last one, or the one in front of that where nothing has changed since. Both run COUNT
# times (6 when it is not set), in turn, so that what else runs on the machine disturbs
# both. BENCH and arguments are those of microbench.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ -z ${BASE-} ]]; then
	BASE=HEAD
	if [[ -z $(git status --porcelain) ]]; then
		BASE=HEAD~1
	fi
fi
echo "comparing with $(git log -1 --format='%h %s' "$BASE")" >&2

work=$(mktemp -d)
cleanup() {
	git worktree remove --force "$work/base" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT
git worktree add --quiet --detach "$work/base" "$BASE"
mkdir -p "$work/base/web/dist"
cp -r web/dist/. "$work/base/web/dist"
cp scripts/microbench.sh "$work/base/scripts/microbench.sh"

for ((i = 0; i < ${COUNT:-6}; i++)); do
	COUNT=1 "$work/base/scripts/microbench.sh" "$@" >>"$work/before"
	COUNT=1 scripts/microbench.sh "$@" >>"$work/after"
done
go -C scripts/tools tool benchstat before="$work/before" after="$work/after"
