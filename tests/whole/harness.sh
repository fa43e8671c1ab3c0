#!/bin/bash
# flavour: release
# The harness itself can fail: over tests that pass, fail, hang, skip, leave a process behind, crash,
# or look at what they are given, it says what happened to each.
. "$SRC/tests/lib.sh"

mkdir tests units
add() # NAME, script from stdin
{
	(echo '#!/bin/bash' && cat) > "tests/$1.sh" && chmod +x "tests/$1.sh"
}
harness() # [NAME...]
{
	run env WHOLE=tests UNIT=units BUILD="$BUILD" TMPDIR="$TMPDIR" JOBS=2 "${more[@]}" \
		"$SRC/tests/run.sh" "$@"
}
more=()

add passes <<< 'exit 0'
harness
expect "exit code when all pass" "$code" 0
expect "summary" "$(tail -1 "$out")" "1 passed, 0 failed, 0 skipped"

add fails <<< 'echo "words of a failure"; exit 1'
add hangs << 'END'
# deadline: 1
sleep 1000
END
add skips <<< 'echo "no such tool"; exit 77'
add leaves << 'END'
setsid env -i sleep 1000 &
exit 0
END
add crashes <<< 'kill -SEGV $$'
add surroundings << 'END'
[[ -z $(ls -A) ]] || echo "the folder is not empty"
[[ -z ${SECRET:-} ]] || echo "the environment leaks"
[[ $(git config user.email) ]] || echo "no identity"
[[ $(git config init.defaultBranch) == main ]] || echo "not main"
[[ $HOME != "$PWD" && $TMPDIR != "$PWD" && -d $TMPDIR && -d $HOME ]] || echo "no private world"
[[ $STEPGATE == "$BUILD"* && -d $SRC && -d $BUILD && $SEED == 42 ]] || echo "variables are missing"
read -r && echo "stdin is not empty"
exit 0
END
more=(SECRET=1 SEED=42)
harness
expect "exit code when some fail" "$code" 1
expect "summary" "$(tail -1 "$out")" "2 passed, 4 failed, 1 skipped"
expect_line "seed 42"
for words in '^failed .*fails .*exit code 1$' 'words of a failure' '^failed .*hangs .*code 124$' \
	'deadline: not at its end in time' '^skipped .*skips .*no such tool$' \
	'^failed .*leaves .*code 125$' 'left behind: process [0-9]* (sleep)' \
	'^failed .*crashes .*code 139$' 'killed by signal 11' '^passed .*surroundings'; do
	grep -q -- "$words" "$out" || fail "the harness does not say: $words"
done
more=(SECRET=1 SEED=42 KEEP=1)
harness surroundings
place=$(sed -n 's/^kept: //p' "$out")
expect "what the surroundings lack" "$(cat "$place/whole/surroundings/output")" ""
rm -rf "$place"
more=()

harness passes
expect "exit code of a picked test" "$code" 0
more=(PART=9/3)
harness passes
expect "exit code for a part that is none" "$code" 2
expect_stdout 'PART=9/3: not like 2/5'
add soaks << 'END'
# deadline: 1
# soak: 77
[[ ${SOAK:-} && $PART == 2/3 ]]
END
more=(SOAK=1 PART=2/3)
harness soaks
expect "exit code of a part of a soak" "$code" 0
grep -q '^begun   whole/soaks, for at most 77 s: ' "$out" || fail "the soak's deadline is not told"
more=()
harness no-such-name
expect "exit code without a test" "$code" 1
expect_line "no test of that name: no-such-name"
[[ -z $(ls "$TMPDIR" | grep stepgate-tests) ]] || fail "scratch folders are left"
exit 0
