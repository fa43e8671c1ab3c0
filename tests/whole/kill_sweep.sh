#!/bin/bash
# deadline: 900
# flavour: release
# stepgate, its commit helper, or all at once are killed at a system call of a run of two cycles.
# Whichever it is, a plain run mends all: nothing finished is lost, nothing is there twice, nothing
# was said that was not so. A soak kills the recovery too.
. "$SRC/tests/lib.sh"
. "$SRC/tests/faults/world.sh"

RANDOM=$SEED
make_world
time_plan

# NAME, how many of the calls in a check, sysfault's options.
sweep() # NAME COUNT [OPTION...]
{
	local name=$1 some=$2 total number n=0
	shift 2
	harms=0
	total=$(count_calls "$@") || exit
	[[ $total -gt 100 ]] || fail "$name: only $total calls"
	[[ ${SOAK:-} ]] && some=$total
	for number in $(sample "$some" "$total"); do
		harm_done="$name: call $number of $total"
		fresh_world
		run_plan "$@" -k "$number"
		saw_harm
		if [[ ${SOAK:-} ]]; then
			mend "$@" -k $((RANDOM % 1500 + 1))
		else
			mend
		fi
		n=$((n + 1))
	done
	expect_harm "$n"
	echo "$name: $n of $total calls"
	tell_recoveries
}

sweep 'stepgate' 30 -m
sweep 'the helper' 15 -p stepgate-git
sweep 'everything' 20 -o all
