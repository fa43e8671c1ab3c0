#!/bin/sh
# runner/templates/embed.sh FILE.in...: prints the files as C, for runner/commands/scaffold.c.
set -eu
echo '#include "runner/commands/scaffold.h"'
echo
echo 'const struct scaffold_file scaffold_files[] = {'
for file in "$@"; do
	printf '\t{"%s",\n' "$(basename "$file" .in)"
	sed 's/\\/\\\\/g; s/"/\\"/g; s/	/\\t/g; s/.*/\t "&\\n"/' "$file"
	printf '\t},\n'
done
echo '};'
echo 'const size_t scaffold_nfiles = sizeof(scaffold_files) / sizeof(scaffold_files[0]);'
