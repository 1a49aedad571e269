#!/usr/bin/env bash
# Reads every shell script for mistakes: bash always, shellcheck where there is
# one.
set -euo pipefail
cd "$(dirname "$0")/.."

for script in .ci/run scripts/*.sh; do
	bash -n "$script"
	if [[ ! -x $script ]]; then
		echo "$script: not executable" >&2
		exit 1
	fi
done
if command -v shellcheck >/dev/null; then
	shellcheck .ci/run scripts/*.sh
else
	echo "shellcheck is not installed: skipped" >&2
fi
