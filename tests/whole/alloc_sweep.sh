#!/bin/bash
# deadline: 900
# soak: 25000
# An allocation of stepgate's fails. It goes on, or ends with words; it never crashes, and never
# tells of what is not so.
. "$SRC/tests/lib.sh"
. "$SRC/tests/faults/world.sh"

[[ $BUILD == */asan ]] && skip "a sanitizer has allocations of its own"
RANDOM=$SEED
make_world

failing() # N ARG...
{
	local number=$1
	shift
	last="$* with allocation $number failing"
	rm -f "$TMPDIR/allocations"
	(cd "$world/repo" && LD_PRELOAD=$BUILD/tools/failing_malloc.so FAILING_PROGRAM=stepgate \
		ALLOCATIONS=$TMPDIR/allocations FAILING_ALLOCATION=$number exec "$STEPGATE" "$@") \
		> "$out" 2> "$errors" < /dev/null
	code=$?
}

# Which exit codes a command may have, then its words.
sweep() # COUNT CODES ARG...
{
	local some=$1 codes=$2 total number n=0
	shift 2
	harm_done="count of $1"
	fresh_world
	failing 1000000000 "$@"
	total=$(sed -n 's/^[0-9]* //p' "$TMPDIR/allocations")
	[[ $total -gt 0 ]] || fail "$1: no allocations are counted"
	for number in $(pick "$some" "$total"); do
		harm_done="$1: allocation $number of $total"
		fresh_world
		failing "$number" "$@"
		cat "$out" >> "$notes/said"
		[[ " $codes " == *" $code "* ]] || wrong "exit code $code: $(cat "$errors")"
		[[ $code -eq 0 || -s $errors || -s $out ]] || wrong "exit code $code without a word"
		[[ $1 == run ]] && mend
		[[ $1 == run || ! -s $notes/runs ]] || wrong "$1 ran a worker"
		n=$((n + 1))
		tell_progress "$1" "$number" "$total" "$n"
	done
	echo "$1: $n of $total allocations"
}

sweep 20 '0 1 2' run "$world/stepgate.conf" --until-done
sweep 20 '0 1 2' plan "$world/stepgate.conf"
sweep 30 '0 1 2' validate "$world/stepgate.conf"
sweep 10 '0 1 2' status
sweep 10 '0 1 2' check 69999
