# shellcheck shell=bash
# Sourced by the sweeps that kill: stepgate, its commit helper, or all at once are killed at a system
# call of a run of two cycles. Whichever it is, a plain run mends all: nothing finished is lost, nothing
# is there twice, nothing was said that was not so. A soak kills the recovery too.
. "$SRC/tests/lib.sh"
. "$SRC/tests/faults/world.sh"

RANDOM=$SEED

# NAME, how many of the calls in a check and in a soak (0: all), sysfault's options.
kill_sweep() # NAME COUNT SOAKED [OPTION...]
{
	local name=$1 some=$2 soaked=$3 total number n=0
	shift 3
	make_world
	time_plan
	harms=0
	total=$(count_calls "$@") || exit
	[[ $total -gt 100 ]] || fail "$name: only $total calls"
	[[ $soaked -gt 0 ]] || soaked=$total
	for number in $(pick "$some" "$total" "$soaked"); do
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
		tell_progress "$name" "$number" "$total" "$n"
	done
	expect_harm "$n"
	echo "$name: $n of $total calls"
	tell_recoveries
}
