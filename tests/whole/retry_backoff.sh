#!/bin/bash
# A step that failed is tried again after a while, longer each time; a stop ends the waiting.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Backoff"
on_failure_work = "keep"
step "flaky" {
	shell = "date +%s%N >> ../times; [ $(wc -l < ../times) -ge 3 ]"
	on_failure = "retry" attempts = 3 backoff = "1s"
}
END
expect_exit 0 run
expect_in_stderr 'stepgate: step 1: attempt 2 of 3 in 1 s'
expect_in_stderr 'stepgate: step 1: attempt 3 of 3 in 2 s'
{ read -r first; read -r second; read -r third; } < ../times
[[ $((second - first)) -ge 1000000000 ]] || fail "the first wait was too short"
[[ $((third - second)) -ge 2000000000 ]] || fail "the second wait was too short"

write_config long.conf << 'END'
title = "Long"
on_failure_work = "keep"
step "bad" { command = {"false"} on_failure = "retry" backoff = "10m" }
END
"$STEPGATE" run long.conf > "$out" 2> "$errors" &
wait_for 10 grep -q 'attempt 2 of 3 in 10 min' "$errors"
kill -TERM $!
begin=${EPOCHREALTIME/./}
wait $!
expect "exit code" $? 0
[[ $((${EPOCHREALTIME/./} - begin)) -lt 2000000 ]] || fail "the stop was not heard while waiting"
expect_line 'Cycle 2 closed: User requested'
expect "attempts" "$(grep -c '^Starting' "$out")" 1
