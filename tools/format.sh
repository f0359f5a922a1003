#!/bin/sh
# format.sh [--check] - bring all C into the house's form, or only tell what is not in it.
set -eu
cd "$(dirname "$0")/.."
mode=-i
if [ "${1-}" = --check ]; then mode='--dry-run --Werror'; fi
# shellcheck disable=SC2086
find src tests perf -name node_modules -prune -o -name '*.[ch]' -print0 | xargs -0 -r clang-format $mode
