#!/bin/bash
# SIGTERM asks the step under way to end; its work is saved, and the cycle closes on request.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Stop"
on_failure_work = "commit"
step "long" {
	shell = "echo begun > begun; trap 'echo saved > saved; exit 0' TERM; while :; do sleep 0.01; done"
	grace = "20s"
}
step "never" { shell = "touch never" }
END
"$STEPGATE" run > "$out" 2> "$errors" &
wait_for 10 test -e begun
kill -TERM $!
wait $!
code=$?
expect "exit code" $code 0
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, failed'
expect_line 'Cycle 1 closed: User requested'
expect_in_stderr 'step 1: stopped on request'
expect "what it saved upstream" "$(git -C ../repo.git show main:saved)" saved
[[ ! -e never ]] || fail "a step ran after the stop"

# A second signal does not wait for a worker that will not end.
rm begun
sed -i "s/exit 0' TERM/' TERM/; s/Stop/Stop hard/" stepgate.conf
mv stepgate.conf hard.conf
"$STEPGATE" run hard.conf > "$out" 2> "$errors" &
wait_for 10 test -e begun
kill -INT $!
wait_for 10 test -e saved
kill -INT $!
wait $!
expect "exit code" $? 0
expect_line 'Cycle 2 closed: User requested'

# A signal between steps: no new one.
expect_json .close_cause user status/EE_CYCLE_STATUS.json
