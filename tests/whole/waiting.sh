#!/bin/bash
# Waiting for another cycle, beginning later, and keeping quiet while all is well.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
write_config long.conf << 'END'
title = "Long"
step "long" { shell = "touch ../begun; while [ ! -e ../go ]; do sleep 0.01; done" }
END
write_config stepgate.conf << 'END'
title = "Short"
when_complete = "restart"
step "short" { command = {"true"} }
END
git add -A && git commit -q -m configs && git push -q

expect_exit 2 run --wait=soon
expect_stderr "stepgate: --wait: 'soon': it takes a time with its unit: 500ms, 90s, 45m, 2h, 1h30m"
expect_exit 2 run --jitter 25h
expect_stderr "stepgate: --jitter: '25h': it goes from 0 to 1d"
expect_exit 2 run --jitter
expect_stderr 'stepgate: --jitter: needs a value: TIME'

"$STEPGATE" run long.conf > long.out 2>&1 &
long=$!
wait_for 10 test -e ../begun
expect_exit 3 run
expect_exit 3 run --wait=50ms
expect_stdout ''
expect_in_stderr "stepgate: waiting for another cycle: host $(hostname), pid $long, since 20"
expect_in_stderr 'another cycle has the repository'
expect_exit 3 start --task x --wait=50ms
expect_in_stderr 'another cycle has the repository'

# Who waits is stopped like who runs; and gets its turn when the other has ended.
: > "$errors"
"$STEPGATE" run --wait > "$out" 2> "$errors" &
pid=$!
wait_for 10 grep -q waiting "$errors"
kill -TERM $pid
wait $pid
expect "exit code" $? 0
expect_stdout ''
expect_in_stderr 'stepgate: stopped on request: nothing was started'

: > "$errors"
"$STEPGATE" run --wait=100s > "$out" 2> "$errors" &
pid=$!
wait_for 10 grep -q waiting "$errors"
sed -i 's/"short"/"changed meanwhile"/' stepgate.conf
touch ../go
wait $pid
expect "exit code" $? 0
expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect "the step" "$(git log -1 --skip=1 --format=%s)" 'Step 1: changed meanwhile'
wait $long
expect "the other's exit code" $? 0

# The jitter is the config's and the host's own, less than what was asked for, and can be stopped.
jitter() # TIME CONF
{
	expect_exit 0 run --jitter "$1" "$2"
	sed -n 's/^stepgate: waiting for \([0-9]*\) ms (--jitter)$/\1/p' "$errors"
}
first=$(jitter 50ms stepgate.conf)
[[ $first -ge 0 && $first -lt 50 ]] || fail "the jitter is $first"
expect "the jitter again" "$(jitter 50ms ./stepgate.conf)" "$first"
jitters=
for name in a b c d e f; do
	cp stepgate.conf "$name.conf"
	jitters+="$(jitter 500ms "$name.conf") "
done
[[ $(tr ' ' '\n' <<< "$jitters" | sort -u | wc -l) -gt 3 ]] || fail "the jitters are $jitters"
expect_exit 2 run --jitter 24h nowhere.conf
: > "$errors"
"$STEPGATE" run --jitter 24h > "$out" 2> "$errors" &
pid=$!
wait_for 10 grep -q jitter "$errors"
kill -USR1 $pid
wait $pid
expect "exit code" $? 0
expect_in_stderr 'stepgate: stopped on request: nothing was started'

# Quiet: not a word on a good night, be it a cycle, a gate that closes or a plan that is done.
quiet() # CODE CONF
{
	expect_exit "$1" run --quiet --jitter 5ms --wait "$2"
}
quiet 0 stepgate.conf
expect_stdout ''
expect_stderr ''
write_config gate.conf << 'END'
budget { tokens = 100 }
step "one" { shell = "echo '{\"tokens\": 60}' >&3" }
step "two" { command = {"true"} }
END
quiet 0 gate.conf
expect_stdout ''
expect_stderr ''
expect_json .close_reason 'Token threshold exceeded: 60.0%' status/EE_CYCLE_STATUS.json
quiet 0 gate.conf
quiet 0 gate.conf
expect_stdout ''
expect_stderr ''

# … and what is not as it should be, on a bad one.
write_config bad.conf << 'END'
step "good" { command = {"true"} }
step "bad" { shell = "exit 3" }
report "broken" { type = "program" command = {"false"} on = {"nok"} }
END
quiet 1 bad.conf
expect_stdout 'Step 2 completed: Tokens: 0.0%; Status: NOK, not committed
Cycle '"$(jq .cycle_number status/EE_CYCLE_STATUS.json)"' closed: Error encountered'
expect_in_stderr 'stepgate: step 2: exit status 3'
expect_in_stderr 'stepgate: report "broken" failed: '
