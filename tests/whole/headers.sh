#!/bin/bash
# flavour: release
# deadline: 300
# Each header compiles by itself, with both compilers: whoever includes it needs to know no other.
. "$SRC/tests/lib.sh"

flags=(-std=c11 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes
	-Wmissing-prototypes -Wvla -Werror -Wno-unused -fsyntax-only -x c)
clang=$(command -v clang-14 || command -v clang) || skip "no clang"

# Prints the headers below a folder that don't compile.
broken() # FOLDER
(
	cd "$1" || exit
	find fsm conf status plugins runner -name '*.h' | sort | while read -r header; do
		for compiler in gcc "$clang"; do
			# Twice, to see that it guards itself.
			printf '#include "%s"\n' "$header" "$header" |
				"$compiler" "${flags[@]}" -I. - 2> /dev/null ||
				echo "$header ($compiler)"
		done
	done
)

# A public header is for other people's modules, so also for older and other languages.
broken_public() # HEADER
{
	for how in 'gcc -std=c99 -x c' "$clang -std=c++98 -x c++"; do
		printf '#include "%s"\n' "$1" | $how -pedantic-errors -Wall -Wextra -Werror \
			-fsyntax-only - 2> /dev/null || echo "$1 ($how)"
	done
}

# The test itself can fail: over a header that needs another one, and one that has no guard.
mkdir -p sample/{fsm,conf,status,plugins,runner}
echo 'size_t needs_stddef(void);' > sample/fsm/needy.h
echo 'struct twice { int a; };' > sample/conf/unguarded.h
expect "headers that are found to be broken" "$(broken sample | wc -l)" 4
echo 'inline int f(void) { return 0; } // not C++98' > public.h
[[ $(broken_public "$PWD/missing.h") ]] || fail "a public header that is none goes unnoticed"

[[ $(find "$SRC"/fsm -name '*.h') ]] || fail "no header was found"
expect "headers that don't compile alone" "$(broken "$SRC")" ""
if [[ -e $SRC/plugins/stepgate.h ]]; then
	expect "public header" "$(broken_public "$SRC/plugins/stepgate.h")" ""
fi
exit 0
