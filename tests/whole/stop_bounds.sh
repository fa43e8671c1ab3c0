#!/bin/bash
# Each state is left within its time, as stepgate(1) has it, however long what it waits for would go on.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1

# Sends the signal, and holds the run to its time; on a machine that has more to do than it can, to as
# much more as it is behind.
bound() # WHAT MILLISECONDS
{
	local began=${EPOCHREALTIME/./} took load most
	kill -TERM $pid
	wait $pid
	code=$?
	took=$(((${EPOCHREALTIME/./} - began) / 1000))
	read -r load _ < /proc/loadavg
	most=$(awk -v ms="$2" -v load="$load" -v processors="$(nproc)" \
		'BEGIN { behind = load / processors; print int(ms * (behind > 1 ? behind : 1)) }')
	[[ $took -le $most ]] || fail "$1: it took $took ms, and $most are the most"
}

start() # MARK ARG...
{
	local mark=$1
	rm -f "$mark"
	shift
	last="run $*"
	"$STEPGATE" run "$@" > "$out" 2> "$errors" &
	pid=$!
	wait_for 20 test -e "$mark"
}

# STEP: grace + 2 s; the rest, with an upstream and reports that answer, is given 2 s here.
write_config step.conf << 'END'
title = "Step"
step "stays" { shell = "trap '' TERM; echo > ../stays; while :; do sleep 0.05; done" grace = "1s" }
END
start ../stays step.conf
bound STEP 5000
expect "exit code" $code 0
expect_line 'Cycle 1 closed: User requested'

# Waiting for its turn, or for another cycle: 1 s, and nothing was started.
: > "$errors"
"$STEPGATE" run step.conf --jitter 24h > "$out" 2> "$errors" &
pid=$!
wait_for 20 grep -q jitter "$errors"
bound "waiting for its turn" 1000
expect "exit code" $code 0
expect_stdout ''
rm -f ../stays
"$STEPGATE" run step.conf > holder.out 2> holder.err &
holder=$!
wait_for 20 test -e ../stays
: > "$errors"
"$STEPGATE" run step.conf --wait > "$out" 2> "$errors" &
pid=$!
wait_for 20 grep -q 'waiting for another' "$errors"
bound "waiting for another" 1000
expect "exit code" $code 0
expect_stdout ''
pid=$holder
bound STEP 5000

# PRECHECK and POSTCHECK: 1 s. A plan of many quick steps is in each of its states again and again,
# so wherever the signal meets it, it has this and a whole commit and report to do.
{
	echo 'title = "Quick"'
	for i in {1..200}; do
		echo "step \"step $i\" { command = {\"touch\", \"../quick\"} }"
	done
} > quick.conf
for i in 1 2 3; do
	start ../quick quick.conf
	bound "any state" 3000
	expect "exit code" $code 0
	expect_line "Cycle $((i + 2)) closed: User requested"
done

# COMMIT: lock_timeout + push_timeout + 10 s, and again for the closing words.
write_config commit.conf << 'END'
title = "Commit"
repository { lock_timeout = "1s" push_timeout = "1s" }
step "one" { shell = "echo 1 > one" }
step "never" { shell = "touch ../never" }
END
cat > ../repo.git/hooks/pre-receive << 'END'
#!/bin/sh
touch ../pushing
exec sleep 1000
END
chmod +x ../repo.git/hooks/pre-receive
start ../pushing commit.conf
bound COMMIT 24000
expect "exit code" $code 1
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, push failed'
expect_line 'Cycle 6 closed: User requested'
rm ../repo.git/hooks/pre-receive

# REPORT: the timeout of each report + 2 s, here of two, and again for the closing words.
write_config report.conf << 'END'
title = "Report"
step "one" { shell = "echo 2 > one" }
step "never" { shell = "touch ../never" }
report "a" { type = "program" command = {"sh", "-c", "touch ../reporting; trap '' TERM; while :; do sleep 0.05; done"} timeout = "1s" on = {"step", "closed"} }
report "b" { type = "program" command = {"sleep", "1000"} timeout = "1s" on = {"step", "closed"} }
END
start ../reporting report.conf
bound REPORT 13000
expect "exit code" $code 0
expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect_line 'Cycle 7 closed: User requested'
[[ ! -e ../never ]] || fail "a step ran after the stop"
