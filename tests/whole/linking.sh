#!/bin/bash
# The programs are linked with what they need and nothing else, and hardened in the release build.
. "$SRC/tests/lib.sh"

# The outside libraries that a program names itself, without those of the compiler and the C library.
libraries() # PROGRAM
{
	readelf -dW "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sed 's/\.so.*//' |
		grep -vxE 'libc|libm|libasan|libubsan|ld-linux.*|libgcc_s' | sort | paste -sd' '
}

expect "libraries of stepgate" "$(libraries "$STEPGATE")" "libcjson libconfuse libpcre2-8 libsqlite3"
expect "libraries of stepgate-git" "$(libraries "$BUILD/stepgate-git")" "libdeflate libgit2 libz"
expect "libraries of stepgate-send" "$(libraries "$BUILD/stepgate-send")" "libcrypto libcurl"

expect "libraries of stepgate-monitor" "$(libraries "$BUILD/stepgate-monitor")" \
	"libcjson libconfuse libmicrohttpd libpcre2-8 libsqlite3"
expect "libraries of stepgate-top" "$(libraries "$BUILD/stepgate-top")" \
	"libcjson libconfuse libncursesw libpcre2-8 libsqlite3 libtinfo"

[[ $(basename "$BUILD") == release ]] || exit 0
for program in "$STEPGATE" "$BUILD/stepgate-git" "$BUILD/stepgate-send" \
	"$BUILD/stepgate-monitor"; do
	readelf -hW "$program" | grep -q 'Type: *DYN' || fail "$program: not position independent"
	readelf -lW "$program" | grep -q GNU_RELRO || fail "$program: no relro"
	readelf -dW "$program" | grep -q 'BIND_NOW\|NOW' || fail "$program: binds lazily"
	readelf -lW "$program" | grep GNU_STACK | grep -q 'RWE' && fail "$program: executable stack"
	readelf -sW "$program" | grep -q '__stack_chk_fail' || fail "$program: no stack protector"
	readelf -sW "$program" | grep -q '_chk@' || fail "$program: not fortified"
done
exit 0
