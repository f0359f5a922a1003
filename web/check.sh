#!/bin/sh
# check.sh - is the committed dist/ what the sources give? Types first, then every byte.
set -eu
cd "$(dirname "$0")"
if grep -nE '"resolved"|https?:' package-lock.json ../tests/browser/package-lock.json; then
	echo "web: a lock file names a download address; delete those lines (.npmrc keeps npm from writing them)" >&2
	exit 1
fi
[ -d node_modules/esbuild ] || npm ci --ignore-scripts
node_modules/.bin/tsc -p .
node --test test/*.test.mjs
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
(cd "$new" && node "$OLDPWD/build.mjs" dist)
if ! diff -rq "$new/dist" dist; then
	echo "web: dist/ is not what src/ gives; run 'npm run build' in web/ and commit web/dist" >&2
	exit 1
fi
echo "web: dist/ matches its sources"
