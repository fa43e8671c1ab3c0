#!/bin/bash
# tests/fuzz/libraries.sh FOLDER FLAG...: puts libraries that parse what comes from outside into FOLDER
# as archives, built with FLAG... from Debian's sources, so that a fuzzer sees into them: cJSON and
# PCRE2. Where the sources can't be had it says so, and the installed libraries serve.
set -u

folder=$(mkdir -p "$1" && realpath "$1") || exit 2
shift
flags=("$@" -w)
place=$(mktemp -d "${TMPDIR:-/tmp}/stepgate-sources.XXXXXX") || exit 2
trap 'rm -rf "$place"' EXIT

without() # LIBRARY
{
	echo "fuzz: the sources of $1 can't be had: what is installed is taken, and not seen into" >&2
}

# The places that packages come from, asked for sources in lists of our own: the machine's are as they
# were.
mkdir -p "$place"/{state/lists/partial,cache/archives/partial,lists}
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
	case $list in
	*.sources) sed 's/^Types:.*/Types: deb-src/' "$list" ;;
	*.list) sed -n 's/^deb /deb-src /p' "$list" ;;
	esac > "$place/lists/$(basename "$list")" 2> /dev/null
done
apt()
{
	apt-get -qq -o Dir::State="$place/state" -o Dir::Cache="$place/cache" \
		-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$place/lists" "$@"
}

# The sources as they were published, without Debian's patches where those can't be had.
fetch() # PACKAGE
{
	mkdir "$place/$1" && cd "$place/$1" || return
	apt source --download-only "$1" > /dev/null 2>&1
	tar -xf ./*.orig.tar.* --strip-components=1 2> /dev/null || return
	for patches in ./*.debian.tar.*; do
		[[ -e $patches ]] || break
		tar -xf "$patches" && grep -v '^#' debian/patches/series 2> /dev/null |
			while read -r patch; do patch -sp1 < "debian/patches/$patch"; done
	done
	return 0
}

archive() # NAME FLAG... FILE...
{
	local name=$1
	shift
	"${CC:-clang-14}" "${flags[@]}" "$@" -c && ar qcs "$folder/$name.tmp" ./*.o &&
		mv "$folder/$name.tmp" "$folder/$name"
}

rm -f "$folder"/*.a "$folder"/*.tmp
apt update > /dev/null 2>&1
(fetch cjson && archive libcjson.a cJSON.c) || without cJSON
# As its file NON-AUTOTOOLS-BUILD has it.
(fetch pcre2 && cd src && mv config.h.generic config.h && mv pcre2.h.generic pcre2.h &&
	mv pcre2_chartables.c.dist pcre2_chartables.c &&
	archive libpcre2.a -I. -DHAVE_CONFIG_H -DPCRE2_CODE_UNIT_WIDTH=8 -DSUPPORT_UNICODE \
		pcre2_{auto_possess,chartables,compile,config,context,convert,dfa_match,error}.c \
		pcre2_{extuni,find_bracket,maketables,match,match_data,newline,ord2utf,pattern_info}.c \
		pcre2_{script_run,serialize,string_utils,study,substitute,substring,tables,ucd}.c \
		pcre2_{valid_utf,xclass,jit_compile}.c) || without PCRE2
exit 0
