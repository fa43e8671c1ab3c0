#!/bin/bash
# deadline: 240
# The tests prove themselves: with a safeguard taken out of the program, the test that is there for it
# fails. Only the file that has the safeguard is built anew.
. "$SRC/tests/lib.sh"

built=$(cat "$BUILD/flags") || fail "no flags in $BUILD"

# Builds stepgate without it.
take_out() # FLAG FILE
{
	rm -rf "$1"
	mkdir "$1"
	# shellcheck disable=SC2086
	(cd "$SRC" && $built -Wno-error "-D$1" -include fsm/banned.h -c "$2" -o "$OLDPWD/$1/part.o" &&
		$built -Wno-error -o "$OLDPWD/$1/stepgate" "$BUILD/runner/main.o" "$OLDPWD/$1/part.o" \
			-Wl,--start-group "$BUILD"/lib{runner,helper,stepgate}.a -Wl,--end-group \
			-lconfuse -lcjson -lsqlite3) > build.log 2>&1 ||
		fail "can't be built without $1: $(cat build.log)"
}

while read -r flag file test; do
	[[ $flag ]] || continue
	take_out "$flag" "$file"
	mkdir "$flag"/{work,tmp}
	(cd "$flag/work" && STEPGATE=$OLDPWD/$flag/stepgate STEPGATE_GIT_HELPER=$BUILD/stepgate-git \
		TMPDIR=$OLDPWD/$flag/tmp SOAK='' "$BUILD/tools/alone" 60 "$SRC/tests/whole/$test.sh") \
		> "$flag/output" 2>&1
	code=$?
	[[ $code -ne 77 ]] || continue
	[[ $code -ne 0 ]] || fail "$test doesn't notice $flag"
	grep -q "^$test.sh: line " "$flag/output" || fail "$test doesn't say what is wrong: $(cat "$flag/output")"
done << 'END'
STEPGATE_WITHOUT_LOCK runner/lock.c two_runs
END
