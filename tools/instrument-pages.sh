#!/bin/sh
# instrument-pages.sh BUILD [--check] - write docs/instruments from the files of the catalogue, or tell what is not what they give.
set -eu
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
out=docs/instruments
[ "${2-}" != --check ] || out=$(mktemp -d)
mkdir -p "$out"
rm -f "$out"/*.md
for file in instruments/*.yaml; do
	"$build/mbc-compile" --page "$file" > "$out/$(basename "$file" .yaml).md"
done
MBC_CATALOGUE=instruments "$build/mbc-compile" --index > "$out/README.md"
if [ "${2-}" = --check ]; then
	diff -r docs/instruments "$out" || { echo "docs/instruments is not what instruments/ gives; run tools/instrument-pages.sh $1" >&2; rm -rf "$out"; exit 1; }
	rm -rf "$out"
fi
