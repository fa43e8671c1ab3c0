#!/bin/bash
# deadline: 900
# soak: 30000
# An allocation of the commit helper's fails, which libgit2 is not made for: it may crash, or say
# nothing. What is said of the work is true all the same, a death is found out, and the commit is
# tried again.
. "$SRC/tests/lib.sh"
. "$SRC/tests/faults/world.sh"

[[ $BUILD == */asan ]] && skip "a sanitizer has allocations of its own"
RANDOM=$SEED
make_world

# One cycle: two steps, and its closing words. The third step is for the next run: its save has to work.
failing() # N
{
	last="run with the helper's allocation $1 failing"
	: > "$TMPDIR/allocations"
	(cd "$world/repo" && LD_PRELOAD=$BUILD/tools/failing_malloc.so FAILING_PROGRAM=stepgate-git \
		ALLOCATIONS=$TMPDIR/allocations FAILING_ALLOCATION=$1 exec "$STEPGATE" run \
		--detailed-exitcode "$world/stepgate.conf") > "$out" 2> "$errors" < /dev/null
	code=$?
	cat "$out" >> "$world/said"
	cat "$errors" >> "$world/warned"
}

# The one whose allocation failed, if it came to no end of its own.
died()
{
	local pid
	pid=$(sed -n 's/^failed //p' "$TMPDIR/allocations")
	[[ $pid ]] && ! grep -q "^$pid " "$TMPDIR/allocations"
}

begun()
{
	grep -c ^begun "$TMPDIR/allocations"
}

harm_done=count
fresh_world
failing 1000000000
expect "the exit code" $code 10 # work is left
expect "helpers" "$(begun)" 1
total=$(sed -n 's/^[0-9]* //p' "$TMPDIR/allocations")
some=12 tried=0 deaths=0 failures=0
for number in $(pick "$some" "$total"); do
	harm_done="the helper's allocation $number of $total"
	fresh_world
	failing "$number"
	[[ " 1 2 10 " == *" $code "* ]] || wrong "exit code $code: $(cat "$errors")"
	[[ $code -eq 10 || -s $errors ]] || wrong "exit code $code without a word"
	[[ $(begun) -le 2 ]] || wrong "it was tried $(begun) times"
	if died; then
		deaths=$((deaths + 1))
		# Where all went well it died after its last answer, which is of no matter.
		[[ $(begun) -eq 2 || $code -eq 10 ]] || grep -q 'the commit helper died' "$errors" ||
			wrong "its death was not found out"
	fi
	failures=$((failures + (code != 10)))
	mend
	tried=$((tried + 1))
	tell_progress allocations "$number" "$total" "$tried"
done
echo "$tried of $total allocations: the helper died of $deaths, the run failed for $failures"
