#!/bin/bash
# flavour: release
# What `make install` puts in place is enough for an author of modules: header, pkg-config file,
# manual and schema. A module is built out of tree, and run by the installed program.
. "$SRC/tests/lib.sh"

command -v pkg-config > /dev/null || skip 'no pkg-config'
command -v g++ > /dev/null || skip 'no g++'
root=$PWD/root prefix=/opt/stepgate
# Nothing is built anew here, whatever flags the programs were built with.
make -s -o all -C "$SRC" O="$(dirname "$BUILD")" CC="$CC" DESTDIR="$root" PREFIX=$prefix install \
	> install.txt 2>&1 || fail "make install: $(cat install.txt)"
at=$root$prefix
for file in bin/stepgate libexec/stepgate/stepgate-git include/stepgate.h lib/pkgconfig/stepgate.pc \
	lib/stepgate/machine.so lib/stepgate/make.so share/stepgate/protocol.schema.json \
	share/man/man1/stepgate.1 share/man/man5/stepgate.conf.5 share/man/man7/stepgate-plugin.7; do
	[[ -f $at/$file ]] || fail "$file is not installed"
	[[ $(stat -c %a "$at/$file") == [67][45][45] ]] || fail "$file: mode $(stat -c %a "$at/$file")"
done
STEPGATE=$at/bin/stepgate
export PKG_CONFIG_PATH=$at/lib/pkgconfig
expect version "$(pkg-config --modversion stepgate)" "$("$STEPGATE" --version | cut -d' ' -f2)"
[[ -f $(pkg-config --variable=schema stepgate) ]] || fail 'pkg-config does not know the schema'
[[ -f $(pkg-config --variable=moduledir stepgate)/machine.so ]] || fail 'nor the modules'

make_repository repo
cd repo || exit 1
mkdir ../plugins
# The module of the manual, as it stands there, and one in C++98.
sed -n '/^#include <stepgate.h>/,/^\.fi/p' "$at/share/man/man7/stepgate-plugin.7" |
	sed '/^\.fi/d; s/\\-/-/g' > ../plugins/two.c
cat > ../plugins/plus.cc << 'END'
#include <cstdio>
#include <stepgate.h>

static int step(const stepgate_call *call)
{
	std::FILE *file = std::fopen("plus.txt", "w");
	if (!file)
		return STEPGATE_FAILED;
	std::fprintf(file, "%s\n", call->title);
	return std::fclose(file) == 0 ? STEPGATE_OK : STEPGATE_FAILED;
}

const struct stepgate_module stepgate_module = {
	STEPGATE_ABI, sizeof(struct stepgate_module), "plus", "C++", step, 0, 0, 0, 0, 0, 0,
};
END
flags=$(pkg-config --cflags stepgate)
# shellcheck disable=SC2086
"$CC" $flags -std=c99 -pedantic-errors -Wall -Wextra -Werror -shared -fPIC ../plugins/two.c \
	-o ../plugins/two.so || fail 'the module of the manual does not build'
# shellcheck disable=SC2086
g++ $flags -std=c++98 -pedantic-errors -Wall -Wextra -Werror -shared -fPIC ../plugins/plus.cc \
	-o ../plugins/plus.so || fail 'a module in C++98 does not build'
write_config stepgate.conf << 'END'
title = "Installed"
gate "two" { module = "../plugins/two.so" }
gate "machine" { module = "machine" options = {"disk=1M", "load=0"} }
step "Plus" { module = "../plugins/plus.so" }
step "Make" { module = "make" options = {"targets=all"} }
step "Never" { command = {"touch", "never"} }
END
printf 'all:\n\techo made > made.txt\n' > Makefile
expect_exit 0 validate
expect_exit 0 run
expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect_line 'Step 2 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect_line 'Cycle 1 closed: Gate refused: two: two steps are enough'
expect 'what the C++ module wrote' "$(cat plus.txt)" Plus
expect 'what make made' "$(cat made.txt)" made
exit 0
