#!/bin/sh
# status/monitor/embed.sh FILE...: prints the C source of the table of assets, whose bytes the
# assembler takes from the files.
set -eu

type_of()
{
	case $1 in
	*.html) echo 'text/html; charset=utf-8' ;;
	*.css) echo 'text/css; charset=utf-8' ;;
	*.js) echo 'text/javascript; charset=utf-8' ;;
	*.json) echo 'application/json' ;;
	*.svg) echo 'image/svg+xml' ;;
	*) echo 'application/octet-stream' ;;
	esac
}

echo '#include "status/monitor/assets.h"'
printf '%s\n' '__asm__(".section .rodata\n"'
n=0
for file; do
	printf '\t".global asset_%d\\nasset_%d: .incbin \\"%s\\"\\n"\n' $n $n "$(realpath "$file")"
	printf '\t".global asset_%d_end\\nasset_%d_end: .byte 0\\n"\n' $n $n
	n=$((n + 1))
done
printf '%s\n' '	".previous\n");'
i=0
while [ $i -lt $n ]; do
	echo "extern const char asset_$i[], asset_${i}_end[];"
	i=$((i + 1))
done
echo 'const struct asset assets[] = {'
i=0
for file; do
	tag=$(sha256sum "$file" | cut -c1-16)
	printf '\t{"/%s", "%s", asset_%d, asset_%d_end, "\\"%s\\""},\n' "$(basename "$file")" \
		"$(type_of "$file")" $i $i "$tag"
	i=$((i + 1))
done
echo '	{.path = (const char *)0},'
echo '};'
