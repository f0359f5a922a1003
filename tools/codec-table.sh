#!/bin/sh
# Write the list of codecs as C: codec-table.sh OUTPUT NAME...
out=$1
shift
{
	echo '/* made from src/drivers/meson.build */'
	for name; do echo "CODEC($name)"; done
} >"$out"
