#!/bin/sh
# embed.sh OUT.c OPENAPI.json DIST PUBLIC - write C that holds the API's description and the files that DIST/manifest and PUBLIC/manifest
# list, each one plain and packed. A line of the manifest is a file's name and its content type.
set -eu
out=$1 openapi=$(realpath "$2") dist=$(realpath "$3") public=$(realpath "$4")
packed=$(realpath "$(dirname "$out")")/$(basename "$out" .c).gz.d
mkdir -p "$packed"

list() {
	printf '%s\t%s\t%s\n' /api/v1/openapi.json "application/json" "$openapi"
	while read -r name type; do
		[ -z "$name" ] || printf '/%s\t%s\t%s/%s\n' "$name" "$type" "$dist" "$name"
	done <"$dist/manifest"
	while read -r name type; do
		[ -z "$name" ] || printf '/%s\t%s\t%s/%s\n' "$name" "$type" "$(dirname "$public")" "$name"
	done <"$public/manifest"
}

tab=$(printf '\t')
{
	echo '/* Made by embed.sh: the files of the program, from the API description and web/dist. */'
	echo '#include "serve/pages.h"'
	n=0
	list | while IFS=$tab read -r path type file; do
		gzip -9nc "$file" >"$packed/$n"
		cat <<-END
		__asm__(".section .rodata; page_plain_$n: .incbin \"$file\"; page_plain_end_$n: "
			"page_gzip_$n: .incbin \"$packed/$n\"; page_gzip_end_$n: .byte 0; .previous");
		END
		echo "extern const unsigned char page_plain_$n[], page_plain_end_$n[], page_gzip_$n[], page_gzip_end_$n[];"
		n=$((n + 1))
	done
	echo 'const struct page_file page_files[] = {'
	n=0
	list | while IFS=$tab read -r path type file; do
		echo "	{ \"$path\", \"$type\", page_plain_$n, page_plain_end_$n, page_gzip_$n, page_gzip_end_$n },"
		n=$((n + 1))
	done
	echo '};'
	echo 'const size_t page_n_files = sizeof(page_files) / sizeof(page_files[0]);'
} >"$out"
