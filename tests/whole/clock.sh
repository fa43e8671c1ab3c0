#!/bin/bash
# The clock is set forward and back an hour while steps run: no decision changes.
. "$SRC/tests/lib.sh"

command -v faketime > /dev/null || skip "faketime is not installed: the clock can't be set"
preload=$(faketime -f '+0' printenv LD_PRELOAD)

# The time of day of all that is started from here on is that of the file; the clock that no one can
# set goes on as it is, and the times of files are not moved along.
file=$TMPDIR/offset
echo '+0' > "$file"
# (The sanitizers want to be loaded first.)
faked=(env "LD_PRELOAD=$preload" "FAKETIME_TIMESTAMP_FILE=$file" FAKETIME_NO_CACHE=1
	FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1
	"ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0")
now=$EPOCHSECONDS
echo '+1h' > "$file"
[[ $("${faked[@]}" date +%s) -ge $((now + 3600)) ]] || skip "faketime does not work here: the clock can't be set"
echo '+0' > "$file"

# Step 1 waits until it has seen the hour come and go: its timeout is of true minutes. Step 2 hangs
# while the hour goes, and comes: its timeout of one second is not put off. Step 3 is asked to end,
# and its grace is not put off either.
make_repository repo
cd repo || exit 1
write_config stepgate.conf << END
title = "Clock"
on_failure_work = "commit"
step "jumps" {
	shell = "
		begun=\$(date +%s)
		echo +1h > '$file'; until [ \$((\$(date +%s) - begun)) -gt 3000 ]; do sleep 0.01; done
		sleep 0.5
		echo -1h > '$file'; until [ \$((\$(date +%s) - begun)) -lt -3000 ]; do sleep 0.01; done
		sleep 0.5
		echo +0 > '$file'
		echo '{\"tokens\": 30000}' >&3"
	timeout = "2m"
}
step "hangs" {
	shell = "sleep 0.3; echo -1h > '$file'; sleep 0.3; echo +1h > '$file'; while :; do sleep 0.1; done"
	timeout = "1s"
	on_failure = "skip"
}
step "stays" {
	shell = "trap 'echo -1h > $file' TERM; echo > ../stays; while :; do sleep 0.05; done"
	grace = "1s"
}
END
began=${EPOCHREALTIME/./}
"${faked[@]}" "$STEPGATE" run > "$out" 2> "$errors" &
pid=$!
wait_for 60 test -e ../stays
kill -TERM $pid
wait $pid
code=$?
expect "exit code" $code 0
took=$(((${EPOCHREALTIME/./} - began) / 1000))
[[ $took -lt 30000 ]] || fail "it took $took ms"
expect_stdout 'Starting Step 1: Tokens at 0.0%
Step 1 completed: Tokens: 15.0%; Status: OK, updated & pushed
Starting Step 2: Tokens at 15.0%
Step 2 completed: Tokens: 15.0%; Status: NOK, failed
Starting Step 3: Tokens at 15.0%
Step 3 completed: Tokens: 15.0%; Status: NOK, failed
Cycle 1 closed: User requested'
expect_stderr 'stepgate: step 2: ended after its timeout of 1 s
stepgate: step 3: stopped on request'

# The next run, an hour earlier than the last one, goes on where that ended.
echo '-1h' > "$file"
sed -i 's/trap/exit 0; trap/' stepgate.conf
"${faked[@]}" "$STEPGATE" run > "$out" 2> "$errors"
expect "exit code" $? 0
expect_stdout 'Starting Step 3: Tokens at 0.0%
Step 3 completed: Tokens: 0.0%; Status: OK, updated & pushed
Cycle 2 closed: All work completed'
expect_json .cycle_number 2 status/EE_CYCLE_STATUS.json

# Who waits for another waits for so long by the true clock.
write_config other.conf << 'END'
step "long" { shell = "echo > ../long; while [ ! -e ../go ]; do sleep 0.01; done" }
END
"$STEPGATE" run other.conf > other.out 2>&1 &
pid=$!
wait_for 10 test -e ../long
echo '+0' > "$file"
: > "$errors"
began=${EPOCHREALTIME/./}
"${faked[@]}" "$STEPGATE" run --wait=1s > "$out" 2> "$errors" &
wait_for 10 grep -q waiting "$errors"
echo '-1h' > "$file"
wait $!
expect "exit code" $? 3
took=$(((${EPOCHREALTIME/./} - began) / 1000))
[[ $took -ge 1000 && $took -lt 10000 ]] || fail "it waited for $took ms"
touch ../go
wait $pid
