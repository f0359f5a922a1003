#!/bin/sh
# fuzz.sh BUILD SECONDS - run every fuzz target of a build for its share of the time, on a copy of its corpus.
set -eu
build=$(realpath "$1")
seconds=$2
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
names=$(find "$build/tests/fuzz" -maxdepth 1 -type f -perm -u+x -name 'fuzz_*' -printf '%f\n' | sort)
[ -n "$names" ] || { echo "fuzz.sh: no targets in $build; set it up with -Dfuzz=true and clang" >&2; exit 1; }
share=$((seconds / $(echo "$names" | wc -l)))
[ $share -ge 5 ] || share=5
for target in $names; do
	name=${target#fuzz_}
	mkdir "$work/$name"
	cp -r "tests/fuzz/corpus/$name/." "$work/$name"
	echo "$name: $share s"
	"$build/tests/fuzz/$target" -max_total_time=$share -timeout=5 -rss_limit_mb=512 -print_final_stats=1 \
		-verbosity=0 -artifact_prefix="$build/" "$work/$name"
done
