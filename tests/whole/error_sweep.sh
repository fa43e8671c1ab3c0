#!/bin/bash
# deadline: 900
# soak: 22000
# flavour: release
# A system call of stepgate's fails, or writes less than it was given. stepgate goes on, or ends with
# words; it never crashes, never tells of what is not so, and the next plain run mends all. An fsync
# that failed is not tried again, and ends the cycle.
. "$SRC/tests/lib.sh"
. "$SRC/tests/faults/world.sh"

RANDOM=$SEED
make_world
time_plan

check_ending()
{
	# The loader's calls fail too, and it has an exit code of its own.
	[[ $code -eq 127 ]] && grep -qE '(error while loading shared libraries|^cannot allocate TLS data)' "$errors" &&
		return
	# glibc 2.36 crashes in any program whose first wish for memory brk refuses, be it of two lines.
	[[ $code -eq 139 && ! -s $out && ! -s $errors ]] &&
		grep -q '^failed at call [0-9]*: brk ' "$notes/harm" && return
	# Its loader, before any library, takes no refusal either.
	[[ $code -eq 139 && ! -s $out && ! -s $errors ]] && ! "$sysfault" -m -o "$class" \
		-e "$number:ENOMEM" true > /dev/null 2>&1 && [[ $number -le 2 ]] && return
	[[ $code -eq 0 || $code -eq 1 || $code -eq 2 ]] || wrong "exit code $code: $(cat "$errors")"
	[[ $code -eq 0 || -s $errors || -s $out ]] || wrong "exit code $code without a word"
}

# A file whose fsync failed is not synced again, and the run stops. A new file beside, of the same
# name, is another, and its folder is synced for it. What SQLite does while it makes the database is its own: it doesn't look at the
# answer for the folder, and syncs the old state when it goes back to it.
check_syncs()
{
	local again
	grep -qE '^failed .*/.stepgate(/state\.db)?$' "$notes/harm" && return
	again=$(sed -n 's/^[0-9]* [a-z]* \(.*\) = \(-*[0-9]*\)$/\2 \1/p' "$notes/trace" |
		awk '{ result = $1; sub(/^[^ ]* /, "") }
			failed[$0] && !/\.tmp\.|\/status$/ { print }
			result < 0 { failed[$0] = 1 }')
	[[ -z $again ]] || wrong "synced again after it failed: $again"
	[[ $code -ne 0 ]] || wrong "an fsync failed, and the run ended with 0"
}

# COUNT faults of a kind in a check, all in a soak.
sweep() # NAME COUNT CLASS HARM
{
	local name=$1 some=$2 class=$3 harm=$4 total number n=0
	harms=0
	total=$(count_calls -m -o "$class") || exit
	[[ $total -gt 0 ]] || fail "$name: no calls"
	for number in $(pick "$some" "$total"); do
		harm_done="$name at call $number of $total"
		fresh_world
		# shellcheck disable=SC2059
		run_plan -m -o "$class" -t "$notes/trace" $(printf -- "$harm" "$number")
		saw_harm
		check_ending
		[[ $class == sync ]] && check_syncs
		mend
		n=$((n + 1))
		tell_progress "$name" "$number" "$total" "$n"
	done
	expect_harm "$n"
	echo "$name: $n of $total calls"
	tell_recoveries
}

sweep EIO 15 io '-e %d:EIO'
sweep ENOSPC 10 space '-e %d:ENOSPC'
sweep EMFILE 10 open '-e %d:EMFILE'
[[ $BUILD == */asan ]] || sweep ENOMEM 10 memory '-e %d:ENOMEM'
sweep 'short writes' 8 write '-s %d'
sweep 'failed syncs' 12 sync '-e %d:EIO'
