#!/bin/bash
# flavour: release
# deadline: 300
# The Makefile can't lie: it builds what changed and nothing else, and installs what it built.
. "$SRC/tests/lib.sh"

cp -r "$SRC"/{Makefile,fsm,conf,status,plugins,runner} . && mkdir -p tests/unit || fail "no copy"
# The make that runs the tests is none of this one's business.
unset MAKEFLAGS MAKELEVEL
build() # ARG...
{
	run make --no-print-directory FLAVOUR=debug "$@"
	[[ $code -eq 0 ]] || fail "make $*: exit code $code"
}
object=build/debug/fsm/gate.o

build -j2
[[ -x build/debug/stepgate && -x build/debug/stepgate-git ]] || fail "no programs"
grep -q '^\.TH STEPGATE 1 ' build/debug/man/stepgate.1 || fail "no manual"
grep -q '^\.SS "stepgate step begin"$' build/debug/man/stepgate.1 || fail "a manual without commands"
grep -q '^\.TH ' build/debug/man/stepgate.conf.5 || fail "no manual of the config"
build
expect_stdout ""

touch fsm/gate.h
build "$object"
expect_stdout "  CC     fsm/gate.c"
build "$object"
expect_stdout ""
build CFLAGS=-DANOTHER "$object"
expect_stdout "  CC     fsm/gate.c"
build "$object"
expect_stdout "  CC     fsm/gate.c"
build V=1 CFLAGS=-DANOTHER "$object"
grep -q '^mkdir .*gcc .*-DANOTHER' "$out" || fail "V=1 does not show the command"

# A file that is gone is gone from the library too; a header that is gone stops nothing.
echo 'int extra(void); int extra(void) { return 1; }' > fsm/extra.c
build build/debug/libstepgate.a
ar t build/debug/libstepgate.a | grep -qx extra.o || fail "a new file is not in the library"
rm fsm/extra.c
build build/debug/libstepgate.a
ar t build/debug/libstepgate.a | grep -qx extra.o && fail "a removed file is still in the library"

# Banned calls and warnings stop the build, however often it is tried.
echo 'int extra(char *s); int extra(char *s) { strcpy(s, ""); return 1; }' > fsm/extra.c
run make FLAVOUR=debug build/debug/fsm/extra.o
expect "exit code for a banned call" "$code" 2
expect_in_stderr 'attempt to use poisoned "strcpy"'
echo 'int extra(void); int extra(void) { long n = 1; return n; }' > fsm/extra.c
run make FLAVOUR=debug build/debug/fsm/extra.o
expect "exit code for a warning" "$code" 2
run make FLAVOUR=debug build/debug/fsm/extra.o
expect "exit code when tried again" "$code" 2
rm fsm/extra.c

run make FLAVOUR=fancy
expect "exit code for an unknown flavour" "$code" 2
expect_in_stderr "FLAVOUR=fancy: no such flavour: release, debug, asan"

build -j2 install DESTDIR="$PWD/root" PREFIX=/opt
expect "what is installed" "$(cd root && find . -type f -printf '%m %P\n' | sort -k2)" \
	"755 opt/bin/stepgate
644 opt/include/stepgate.h
644 opt/lib/pkgconfig/stepgate.pc
755 opt/lib/stepgate/machine.so
755 opt/lib/stepgate/make.so
755 opt/libexec/stepgate/stepgate-git
755 opt/libexec/stepgate/stepgate-monitor
755 opt/libexec/stepgate/stepgate-send
755 opt/libexec/stepgate/stepgate-top
644 opt/share/man/man1/stepgate.1
644 opt/share/man/man5/stepgate.conf.5
644 opt/share/man/man7/stepgate-plugin.7
644 opt/share/stepgate/protocol.schema.json"

# What is installed finds its helper.
make_repository work
cd work || exit 1
write_config stepgate.conf << 'END'
title = "Installed"
step "Write" {
    shell = "echo words > words"
}
END
STEPGATE=$OLDPWD/root/opt/bin/stepgate
expect_exit 0 run
expect_line "Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed"

cd .. && build clean
[[ ! -e build ]] || fail "clean leaves something"
exit 0
