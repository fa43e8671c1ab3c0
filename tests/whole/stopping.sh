#!/bin/bash
# Stopping: after the step, now, at once; by signal and by `stepgate stop`. Its work is saved, and
# the cycle closes on request.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1

expect_exit 1 stop
expect_stderr "stepgate: $PWD: nothing runs here to be stopped"

# A step that saves something when it is asked to end, and waits for ../go.
write_config stepgate.conf << 'END'
title = "Stop"
on_failure_work = "commit"
step "long" {
	shell = "trap 'echo saved > saved; exit 0' TERM; echo begun > begun; while [ ! -e ../go ]; do sleep 0.01; done; rm ../go"
	grace = "20s"
}
step "never" { shell = "touch never" }
END

start() # ARG...
{
	rm -f begun saved
	last="run $*"
	"$STEPGATE" run "$@" > "$out" 2> "$errors" &
	pid=$!
	wait_for 10 test -e begun
}

ended() # CODE
{
	wait $pid
	code=$?
	expect "exit code" $code "$1"
	[[ ! -e never ]] || fail "a step ran after the stop"
}

asks() # WORDS ARG...
{
	local words=$1 said
	shift
	said=$("$STEPGATE" stop "$@") || fail "stop $*: exit code $?"
	expect "what stop says" "$said" "$words"
}

# SIGTERM asks the step under way to end.
start
kill -TERM $pid
ended 0
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, failed'
expect_line 'Cycle 1 closed: User requested'
expect_in_stderr 'step 1: stopped on request'
expect "what it saved upstream" "$(git -C ../repo.git show main:saved)" saved
expect_json .close_cause user status/EE_CYCLE_STATUS.json

# … and so do SIGHUP and `stop --now`.
start
kill -HUP $pid
ended 0
expect_line 'Cycle 2 closed: User requested'
start
asks "Cycle 3 (pid $pid) is asked to close now" --now
ended 0
expect_line 'Cycle 3 closed: User requested'
expect_in_stderr 'step 1: stopped on request'

# A SIGHUP that was ignored when we came stays so.
rm -f begun
(trap '' HUP; exec "$STEPGATE" run > "$out" 2> "$errors") &
pid=$!
wait_for 10 test -e begun
kill -HUP $pid
asks "Cycle 4 (pid $pid) is asked to close now" --now
ended 0
expect_line 'Cycle 4 closed: User requested'

# `stop`: the step goes on to its end; no other begins. Asked again, it is the same.
start --until-done
asks "Cycle 5 (pid $pid) is asked to close after the step under way"
asks "Cycle 5 (pid $pid) is asked to close after the step under way"
kill -0 $pid || fail "it ended before the step did"
[[ ! -e saved ]] || fail "the step was asked to end"
said=$("$STEPGATE" stop --wait=100ms 2>&1)
expect "exit code of a waiting that is over" $? 3
expect "its words" "$said" "Cycle 5 (pid $pid) is asked to close after the step under way
stepgate: process $pid is still at work"
touch ../go
ended 0
expect_stdout 'Starting Step 1: Tokens at 0.0%
Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed
Cycle 5 closed: User requested'
expect_stderr ''
expect_exit 1 stop
expect_stderr "stepgate: $PWD: nothing runs here to be stopped"

# A worker that will not end is killed: after its grace, or when asked again. Two signals of one
# sender at one time are one asking: timeout(1) sends such.
write_config hard.conf << 'END'
title = "Stop hard"
on_failure_work = "commit"
step "long" {
	shell = "trap 'echo saved > saved' TERM; echo begun > begun; while :; do sleep 0.01; done"
	grace = "20s"
}
END
start hard.conf
asks "Cycle 6 (pid $pid) is asked to close now" --now
wait_for 10 test -e saved
began=$EPOCHSECONDS
asks "Cycle 6 (pid $pid) is asked to close now" --now --wait
[[ $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' /proc/$pid/status 2> /dev/null) == [Z] ]] ||
	[[ ! -e /proc/$pid ]] || fail "it lives when stop --wait has ended"
ended 0
[[ $((EPOCHSECONDS - began)) -lt 18 ]] || fail "it was not killed at the second asking"
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, failed'
expect_line 'Cycle 6 closed: User requested'
expect "what it saved upstream" "$(git -C ../repo.git show main:saved)" saved

sed 's/20s/2s/' hard.conf > soft.conf
rm -f begun saved
timeout 3 "$STEPGATE" run soft.conf > "$out" 2> "$errors"
[[ -e saved ]] || fail "it was killed at the first asking"
expect_line 'Cycle 7 closed: User requested'

# Between STEP and the end: what is stopped in COMMIT and REPORT is done all the same.
write_config late.conf << 'END'
title = "Late"
step "one" { shell = "echo 1 > one" }
step "never" { shell = "touch never" }
report "slow" {
	type = "program"
	command = {"sh", "-c", "touch ../reporting; while [ -e ../hold-report ]; do sleep 0.01; done"}
	on = {"step"}
}
END
git add -A && git commit -q -m late && git push -q
cat > ../repo.git/hooks/pre-receive << 'END'
#!/bin/sh
touch ../pushing
while [ -e ../hold-push ]; do sleep 0.01; done
END
chmod +x ../repo.git/hooks/pre-receive
touch ../hold-push
"$STEPGATE" run late.conf > "$out" 2> "$errors" &
pid=$!
wait_for 10 test -e ../pushing
kill -TERM $pid
rm ../hold-push
ended 0
expect_stdout 'Starting Step 1: Tokens at 0.0%
Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed
Cycle 8 closed: User requested'
expect "the upstream" "$(git -C ../repo.git rev-parse main)" "$(git rev-parse HEAD)"

sed -i 's/Late/Later/; s/"one"/"once more"/; s/echo 1/echo 2/' late.conf
git commit -q -a -m later && git push -q
mv late.conf later.conf
rm -f ../reporting
touch ../hold-report
"$STEPGATE" run later.conf > "$out" 2> "$errors" &
pid=$!
wait_for 10 test -e ../reporting
asks "Cycle 9 (pid $pid) is asked to close now" --now
rm ../hold-report
ended 0
expect_stdout 'Starting Step 1: Tokens at 0.0%
Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed
Cycle 9 closed: User requested'

# An agent's own cycle has no process to ask.
expect_exit 0 start --task x
expect_exit 1 stop
expect_stderr "stepgate: $PWD: nothing runs here to be stopped: cycle 10 is open, and an agent drives it: end it with \`stepgate update --cycle-end user\`"
