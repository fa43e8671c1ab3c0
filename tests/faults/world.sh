# shellcheck shell=bash
# Sourced after tests/lib.sh by the sweeps: a world to do harm in, and what must be true in it after
# whatever harm. The plan has three steps of a quarter of the budget each, and half of it closes the
# gate, so a whole run is two cycles, with a commit and a push for each step and each cycle's end.
#
# world/repo and world/repo.git are the repository and its upstream. What is known of them stands
# beside, where no harm comes to it: notes/runs has a line for each start of a worker, notes/said
# what stepgate printed, notes/warned what it complained of, notes/harm what was done to it.

sysfault=$BUILD/tools/sysfault
world=$PWD/world
notes=$PWD/notes
steps=(one two three)
recoveries=() # milliseconds

make_world()
{
	mkdir template
	(cd template && make_repository repo && git -C repo remote set-url origin "$world/repo.git") ||
		exit 1
	cat > template/worker.sh << 'END'
#!/bin/sh
# worker.sh WORLD NOTES STEP: never twice at a time; the lock dies with its holder.
exec 9>> "$2/busy"
flock -n 9 || echo "overlap $3" >> "$2/runs"
echo "start $3" >> "$2/runs"
echo "the work of $3" > "$1/repo/$3.txt"
[ "$3" != three ] || [ ! -e "$2/hold" ] || exec sleep 1000
echo '{"tokens": 25}' >&"$STEPGATE_USAGE_FD"
END
	chmod +x template/worker.sh
	{
		printf 'title = "Swept"\nbudget { tokens = 100 threshold = 50 }\nrepository { path = "repo" }\n'
		for step in "${steps[@]}"; do
			printf 'step "%s" { command = {"%s/worker.sh", "%s", "%s", "%s"} }\n' "$step" "$world" \
				"$world" "$notes" "$step"
		done
	} > template/stepgate.conf
}

fresh_world()
{
	rm -rf "$world" "$notes" &&
		cp -a template "$world" &&
		mkdir "$notes" &&
		: > "$notes/runs" &&
		: > "$notes/said" &&
		: > "$notes/warned" || fail "can't make a fresh world"
}

# Runs the plan under harm (sysfault's OPTIONs), or without. The code goes to $code.
run_plan() # [OPTION...]
{
	local harm=()
	[[ $# -gt 0 ]] && harm=("$sysfault" -r "$notes/harm" "$@")
	last="$* stepgate run"
	"${harm[@]}" "$STEPGATE" run "$world/stepgate.conf" --until-done > "$out" 2> "$errors" < /dev/null
	code=$?
	cat "$out" >> "$notes/said"
	cat "$errors" >> "$notes/warned"
}

# What went wrong, with what was done and said. GO_ON=1 goes on all the same, KEEP_WRONG=PATH keeps
# the world.
wrong() # WORDS...
{
	echo "harm: ${harm_done:-none}: $(cat "$notes/harm" 2> /dev/null)" >&2
	echo "--- said so far:" >&2
	cat "$notes/said" >&2
	echo "--- upstream:" >&2
	git -C "$world/repo.git" log --format='%h %s [%(trailers:key=Stepgate-Cycle,valueonly,separator=%x2C)]' >&2
	echo "--- runs:" >&2
	cat "$notes/runs" >&2
	[[ ${KEEP_WRONG:-} ]] && cp -a "$world" "$notes" "$(mktemp -d "$KEEP_WRONG.XXXX")"
	wrongs=$((${wrongs:-0} + 1))
	[[ ${GO_ON:-} ]] || fail "$*"
	echo "WRONG: $*" >&2
}

# Two runs don't make the same number of calls, so that the last ones may not be reached; but most.
saw_harm()
{
	grep -qE '^(failed|killed|cut) at call' "$notes/harm" && harms=$((harms + 1))
}

expect_harm() # RUNS
{
	[[ $((harms * 4)) -ge $(($1 * 3)) ]] || fail "harm was done in $harms of $1 runs only"
}

# The rows that WORDS of SQL give, of the journal as it is: of a copy, as a look must not mend what
# recovery has to.
ask_journal() # SQL...
{
	local copy=$TMPDIR/journal
	[[ -s $world/repo/.stepgate/state.db ]] || return 0
	rm -rf "$copy"
	mkdir "$copy" &&
		cp "$world"/repo/.stepgate/state.db* "$copy" &&
		sqlite3 "$copy/state.db" "$@" 2> /dev/null
}

# The steps, by number, that the upstream has, once for each commit that says so.
upstream_steps()
{
	git -C "$world/repo.git" log --format='%(trailers:key=Stepgate-Step,valueonly,separator=%x2C)' main |
		grep . | sort -n
}

# What holds at any moment, also while a cycle is cut off. Leaves in $settled the numbers of the
# steps that are finished: told to be OK, or done and not yet told; in $there those of the upstream.
check_moment()
{
	local row what text number done_ones=()
	local said='^Step ([0-9]+) completed: (.*Status: OK)?.*' pushed='updated & pushed$'
	there=$(upstream_steps)
	[[ -z $(uniq -d <<< "$there") ]] || wrong "a step has two commits: $there"
	local has=" ${there//$'\n'/ } "
	while IFS= read -r row; do
		what=${row%%|*} text=${row#*|}
		case $what in
			finished) done_ones[text]=$text ;;
			pushed) [[ $has == *" $text "* ]] || wrong "step $text is recorded as pushed and is not" ;;
			twice) wrong "a report is twice in the message log: $text" ;;
			unequal) wrong "there are not as many reports as tries that were told, in cycle $text" ;;
			said)
				[[ $text =~ $said ]] || continue
				number=${BASH_REMATCH[1]}
				[[ ! $text =~ $pushed || $has == *" $number "* ]] ||
					wrong "step $number was said to be pushed and is not"
				;;
			*) wrong "the journal was asked, and said: $row" ;;
		esac
	done < <(
		ask_journal "SELECT 'said|' || replace(text, char(10), char(10) || 'said|') FROM message" \
			"SELECT DISTINCT 'pushed|' || step FROM step WHERE action = 'updated & pushed'" \
			"SELECT 'twice|' || text FROM message WHERE text GLOB 'Step * completed*: OK*' OR
				text GLOB 'Cycle * closed*' GROUP BY cycle, text HAVING count(*) > 1" \
			"-- A try that was cut off is told as well, in words that the next one's may be the same as.
			SELECT 'unequal|' || cycle FROM (SELECT cycle, CAST(substr(text, 6) AS INTEGER) AS number,
				count(*) AS reports FROM message WHERE text GLOB 'Step * completed*' GROUP BY 1, 2)
				AS m WHERE reports != (SELECT count(*) FROM step WHERE step.cycle = m.cycle AND
				step.step = number AND action IS NOT NULL)" \
			"SELECT 'finished|' || step FROM step WHERE how = 'DONE' AND (ok OR action IS NULL)"
	)
	while IFS= read -r text; do
		[[ $text =~ $said ]] || continue
		number=${BASH_REMATCH[1]}
		[[ ! ${BASH_REMATCH[2]} ]] || done_ones[number]=$number
		[[ ! $text =~ $pushed || $has == *" $number "* ]] ||
			wrong "step $number was said to be pushed and is not"
	done < "$notes/said"
	[[ $(< "$notes/runs") != *overlap* ]] || wrong "two workers at a time"
	settled=${done_ones[*]}
}

# A finished step is never run again. RUNS: what world/runs was when $settled was found.
check_kept() # RUNS SETTLED
{
	local number title before now
	for number in $2; do
		title=${steps[number - 1]}
		before=$(grep -cx "start $title" <<< "$1")
		now=$(grep -cx "start $title" "$notes/runs")
		[[ $before -eq $now ]] || wrong "step $number was finished, and was run again"
	done
}

# What holds once the plan is done.
check_end()
{
	local repo=$world/repo trouble files=("${steps[@]/#/main:}")
	files=("${files[@]/%/.txt}")
	check_moment
	[[ $there == "$(seq "${#steps[@]}")" ]] || wrong "the upstream's steps: ${there//$'\n'/ }"
	# Closing words whose push failed, and was said to, go with the next cycle's first push.
	trouble=$(git -C "$repo" log --format=%s "$(git -C "$world/repo.git" rev-parse main)..main" 2>&1)
	[[ -z $trouble ]] || { grep -q 'the closing words of cycle' "$notes/warned" &&
		! grep -qv '^Cycle [0-9]* closed' <<< "$trouble"; } ||
		wrong "the upstream is not where the repository is: $trouble"
	trouble=$(git -C "$repo" status --porcelain 2>&1)
	[[ -z $trouble ]] || wrong "the work tree is not clean: $trouble"
	trouble=$(git -C "$repo" fsck --no-dangling --no-progress 2>&1) || wrong "git fsck: $trouble"
	[[ -z $trouble ]] || wrong "git fsck: $trouble"
	trouble=$(git -C "$world/repo.git" fsck --no-dangling --no-progress 2>&1)
	[[ -z $trouble ]] || wrong "git fsck of the upstream: $trouble"
	trouble=$(git -C "$repo" show "${files[@]}" 2>&1)
	[[ $trouble == "$(printf 'the work of %s\n' "${steps[@]}")" ]] ||
		wrong "what is in the repository is not the work of ${steps[*]}: $trouble"
	trouble=$(pgrep -af "$world")
	[[ -z $trouble ]] || wrong "still running: $trouble"
}

# The remote stands for another machine: what a receive-pack that was killed with all the rest left
# there is not for stepgate to take away.
mend_remote()
{
	find "$world/repo.git" -name '*.lock' -delete
}

# After the harm: the moment is checked, then plain runs have to bring the plan to its end.
mend() # [OPTION... for the first of the runs]
{
	local runs begin took took_first tries first_plain=$(($# > 0))
	mend_remote
	check_moment
	runs=$(cat "$notes/runs")
	local finished=$settled
	[[ $code -eq 0 ]] && check_end
	local most=$((3 + ($# > 0)))
	for ((tries = 0; tries < most; tries++)); do
		begin=${EPOCHREALTIME/./}
		run_plan "$@"
		mend_remote
		took=$(((${EPOCHREALTIME/./} - begin) / 1000))
		[[ $tries -eq 0 ]] && took_first=$took
		[[ $tries -eq $first_plain ]] && recoveries+=("$took")
		set --
		[[ $code -le 1 || $code -eq 137 ]] || wrong "run $((tries + 2)) ended with $code: $(cat "$errors")"
		check_moment
		[[ $code -eq 0 ]] && break
	done
	[[ $code -eq 0 ]] || wrong "$most runs have not brought the plan to its end: $(cat "$errors")"
	check_kept "$runs" "$finished"
	check_end
	[[ $took_first -lt 20000 ]] || wrong "recovery took $took_first ms"
}

# What the plain runs took that came after the harm since this was last asked: each mends, and goes on
# with the plan to its end. A soak, which has the machine for itself, is held to it.
tell_recoveries()
{
	[[ ${#recoveries[@]} -gt 0 ]] || return 0
	local most
	mapfile -t recoveries < <(printf '%s\n' "${recoveries[@]}" | sort -n)
	most=${recoveries[(${#recoveries[@]} * 99 - 1) / 100]}
	echo "  ${#recoveries[@]} plain runs mended it: in the middle ${recoveries[${#recoveries[@]} / 2]} ms," \
		"99 of 100 within $most ms, all within ${recoveries[-1]} ms;" \
		"the whole plan takes ${whole:-?} ms unharmed"
	recoveries=()
	[[ ! ${SOAK:-} || ${GO_ON:-} || $most -lt 2000 ]] || fail "99 of 100 recoveries took $most ms"
}

# COUNT numbers from 1 to TOTAL, spread over all of it, by the seed.
sample() # COUNT TOTAL
{
	local i
	if [[ $1 -ge $2 ]]; then
		seq "$2"
		return
	fi
	for ((i = 0; i < $1; i++)); do
		echo $((i * $2 / $1 + 1 + (RANDOM * 32768 + RANDOM) % (($2 + $1 - 1) / $1)))
	done
}

# Which of TOTAL are to be harmed: COUNT of them in a check; in a soak SOAKED of them, or all, and with
# PART=I/N the Ith, the (I+N)th and so on of those.
pick() # COUNT TOTAL [SOAKED]
{
	if [[ ! ${SOAK:-} ]]; then
		sample "$1" "$2"
		return
	fi
	local part=${PART:-1/1}
	sample "${3:-$2}" "$2" | awk -v i="${part%/*}" -v n="${part#*/}" 'NR % n == i % n'
}

# A word from time to time of how far a sweep is.
tell_progress() # NAME NUMBER TOTAL TRIED
{
	[[ $(($4 % 100)) -ne 0 ]] || echo "$(date +%T) $1: $4 done, now at $2 of $3"
}

# How long a whole run takes here, in milliseconds, goes to $whole.
time_plan()
{
	local begin
	fresh_world
	begin=${EPOCHREALTIME/./}
	run_plan
	whole=$(((${EPOCHREALTIME/./} - begin) / 1000))
	expect "exit code of the run that is timed" "$code" 0
}

# How many calls a whole run makes, by sysfault's OPTIONs.
count_calls() # [OPTION...]
{
	fresh_world
	run_plan "$@"
	[[ $code -ne 77 ]] || skip "system calls can't be watched here: $(cat "$errors")"
	[[ $code -eq 0 ]] || fail "the run that is only counted ended with $code"
	sed -n 's/^calls //p' "$notes/harm"
}
