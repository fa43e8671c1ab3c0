#!/bin/bash
# tests/bench/run.sh: what a step costs, beside what the same costs without stepgate. All figures are
# measured in this run. Exit code 1 where one is over its limit.
#
#   STEPS=200   steps of a cycle           ROUNDS=3   rounds with commit and push, each way in turn
#   OUTPUT=1000000000   bytes of a worker that prints much
#   WRITTEN=200000000   bytes of the transcripts that are metered
#   FILES="100 10000 100000"   of the repositories in which commits are compared
set -u

source_tree=$(cd "$(dirname "$0")/../.." && pwd) || exit 2
build=$(realpath "${BUILD:-$source_tree/build/release}") || exit 2
stepgate=$build/stepgate measure=$build/tools/measure
steps=${STEPS:-200} rounds=${ROUNDS:-3} output=${OUTPUT:-1000000000}
written=${WRITTEN:-200000000}

place=$(mktemp -d "${TMPDIR:-/tmp}/stepgate-bench.XXXXXX") || exit 2
trap 'rm -rf "$place"' EXIT
trap 'exit 130' INT TERM HUP
cd "$place" || exit 2
# Settings by file, as users have them: variables such as GIT_CONFIG_GLOBAL are for the git program only,
# and would have stepgate commit through that.
export HOME=$place
unset GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_NOSYSTEM XDG_CONFIG_HOME
git config --global user.name "Bench"
git config --global user.email "bench@example.org"
git config --global init.defaultBranch main
# All else is as git has it by default, its look for housekeeping after a commit too; so few objects come
# together here that there is none to do.

broken()
{
	echo "bench: $*" >&2
	[[ -s $place/output ]] && tail -5 "$place/output" >&2
	exit 2
}
export MEASURE_OUTPUT=$place/output

over=0
# Prints a figure and its limit, both in thousandths of the unit shown.
row() # WHAT FIGURE LIMIT UNIT
{
	local verdict=within
	[[ $2 -le $3 ]] || { verdict=OVER; over=1; }
	printf '%-48s %9d.%02d %-3s %9d.%02d  %s\n' "$1" $(($2 / 1000)) $(($2 % 1000 / 10)) "$4" \
		$(($3 / 1000)) $(($3 % 1000 / 10)) "$verdict"
}

# A plan of STEPS steps that run a command; the rest of the config is stdin.
make_plan() # COMMAND-WORDS
{
	local i
	cat
	printf 'title = "Bench"\nbudget {\n    tokens = 1000000\n}\n'
	for ((i = 1; i <= steps; i++)); do
		printf 'step "Step number %d" {\n    command = {%s}\n}\n' "$i" "${1//@/$i}"
	done
}

make_repository() # NAME
{
	git init -q --bare "$1.git" && git init -q "$1" && cp work.sh "$1" &&
		git -C "$1" remote add origin "$place/$1.git"
}

first_commit() # NAME
{
	git -C "$1" add -A && git -C "$1" commit -q -m First && git -C "$1" push -q -u origin main
}

# Steps that do nothing, without git. What the worker takes when it is run alone is no overhead.
bare_steps()
{
	local wall cpu peak alone rest
	mkdir nothing
	make_plan '"true"' <<< $'repository {\n    commit = false\n}' > nothing/stepgate.conf
	read -r wall cpu peak < <("$measure" 1 "$stepgate" run nothing/stepgate.conf)
	[[ ${peak:-} ]] || broken "the cycle of empty steps"
	read -r rest alone rest < <("$measure" "$steps" true)
	row "an empty step, without git: CPU beyond its worker's" $((cpu / steps - alone)) 3000 ms
	row "the same: peak memory" $((peak * 1000 / 1024)) 12000 MiB
	printf '%-48s %9d.%02d ms\n' "the same: wall time" $((wall / steps / 1000)) \
		$((wall / steps % 1000 / 10))
	printf '%-48s %9d.%02d ms\n' "its worker, measured alone: CPU" $((alone / 1000)) \
		$((alone % 1000 / 10))
}

cat > work.sh << 'END'
#!/bin/sh
mkdir -p src
echo "the work of step $1" > "src/$1.txt"
END
cat > loop.sh << 'END'
#!/bin/sh
set -e
i=1
while [ "$i" -le "$1" ]; do
	./work.sh "$i"
	git add -A && git commit -q -m "Step $i: Step number $i" && git push -q
	i=$((i + 1))
done
END
chmod +x work.sh loop.sh

stepgate_wall=() loop_wall=() synced_wall=()
with_stepgate() # ROUND
{
	make_repository "a$1" && make_plan '"./work.sh", "@"' < /dev/null > "a$1/stepgate.conf" &&
		first_commit "a$1" || broken "can't make the repository"
	local wall rest
	read -r wall rest < <("$measure" 1 "$stepgate" run "a$1/stepgate.conf")
	[[ ${rest:-} ]] || broken "the cycle with commit and push"
	[[ $(git -C "a$1.git" log --format=%s main | grep -c '^Step ') -eq $steps ]] ||
		broken "the upstream has not one commit for each step"
	stepgate_wall+=("$wall")
}

# The time of a loop goes to $loop.
run_loop() # REPOSITORY
{
	local rest
	read -r loop rest < <(cd "$1" && "$measure" 1 ../loop.sh "$steps")
	[[ ${rest:-} ]] || broken "the shell loop"
}

with_loop() # ROUND
{
	make_repository "b$1" && first_commit "b$1" || broken "can't make the repository"
	run_loop "b$1"
	loop_wall+=("$loop")
}

# git as it comes leaves loose objects and refs to the next seconds; what survives a power cut as
# stepgate's steps do is this.
with_synced_loop() # ROUND
{
	make_repository "c$1" && git -C "c$1" config core.fsync all &&
		git -C "c$1.git" config core.fsync all && first_commit "c$1" ||
		broken "can't make the repository"
	run_loop "c$1"
	synced_wall+=("$loop")
}

median() # FIGURE...
{
	printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

beside() # WORDS OURS THEIRS
{
	printf '%-48s %9d.%02d ms, ratio %d.%02d\n' "$1" $(($3 / steps / 1000)) $(($3 / steps % 1000 / 10)) \
		$(($2 * 100 / $3 / 100)) $(($2 * 100 / $3 % 100))
}

by_round() # WORDS WALL...
{
	printf '%s' "$1"
	shift
	printf ' %d' $(for n in "$@"; do echo $((n / steps / 1000)); done)
}

saved_steps()
{
	local round turn ours theirs synced ways=(with_stepgate with_loop with_synced_loop)
	# Who comes later may find warm caches: so they take turns.
	for ((round = 1; round <= rounds; round++)); do
		for turn in 0 1 2; do
			"${ways[(round + turn) % 3]}" "$round"
		done
	done
	ours=$(median "${stepgate_wall[@]}") theirs=$(median "${loop_wall[@]}")
	synced=$(median "${synced_wall[@]}")
	row "a step with commit and push, synced: wall time" $((ours / steps)) $((synced / steps * 85 / 100)) ms
	beside "by git add, git commit, git push, synced" "$ours" "$synced"
	beside "the same as git comes, not synced" "$ours" "$theirs"
	by_round "    $rounds rounds of $steps steps, ms a step: stepgate" "${stepgate_wall[@]}"
	by_round '; git, synced' "${synced_wall[@]}"
	by_round '; git' "${loop_wall[@]}"
	printf '\n'
}

# A run that was killed in the middle of a push, and the one that mends it and goes on, beside a run that
# was not: each does the same two steps.
recoveries()
{
	local round begin killed plain=() mended=()
	mkdir cut
	printf '%s\n' 'title = "Cut"' 'step "one" { command = {"./work.sh", "1"} }' \
		'step "two" { command = {"./work.sh", "2"} }' > cut/stepgate.conf
	for ((round = 1; round <= 10 * rounds; round++)); do
		rm -rf c c.git
		make_repository c && cp cut/stepgate.conf c && first_commit c || broken "can't make the repository"
		if ((round % 2)); then
			begin=${EPOCHREALTIME/./}
			"$stepgate" run c/stepgate.conf > output 2>&1 || broken "a run that nobody harms"
			plain+=($((${EPOCHREALTIME/./} - begin)))
			continue
		fi
		printf '#!/bin/sh\n[ ! -e "%s" ] || kill -KILL "$(cat "%s")"\nrm -f "%s"\n' \
			"$place/cut/pid" "$place/cut/pid" "$place/cut/pid" > c.git/hooks/post-receive
		chmod +x c.git/hooks/post-receive
		{
			sh -c 'echo $$ > "$0"; exec "$1" run c/stepgate.conf' "$place/cut/pid" "$stepgate" \
				> output 2>&1
			killed=$?
		} 2> /dev/null # the shell's own words on it
		[[ $killed -eq 137 ]] || broken "a run that is to be killed"
		begin=${EPOCHREALTIME/./}
		"$stepgate" run c/stepgate.conf > output 2>&1 || broken "the recovery"
		mended+=($((${EPOCHREALTIME/./} - begin)))
		[[ $(git -C c.git log --format=%s main | grep -c '^Step ') -eq 2 ]] ||
			broken "the upstream has not one commit for each step"
	done
	row "a run that mends one that was killed, at most" "$(printf '%s\n' "${mended[@]}" | sort -n | tail -1)" \
		2000000 ms
	printf '%-48s %9d ms\n' "the same: in the middle" $(($(median "${mended[@]}") / 1000)) \
		"a run that nobody harms: in the middle" $(($(median "${plain[@]}") / 1000))
	rm -rf c c.git cut
}

# A worker that prints much, beside the same through cat into a file.
much_output()
{
	local round wall cpu peak rest most=0 ours theirs ours_wall=() theirs_wall=()
	mkdir much && cd much || broken "no folder"
	echo "yes 'a line of what a worker prints, as long as most are in the log of a build' | head -c $output" \
		> print.sh
	printf '%s\n' 'title = "Much"' 'when_complete = "restart"' 'repository { commit = false }' \
		'step "Much" { command = {"sh", "print.sh"} max_output = "1000G" }' > stepgate.conf
	for ((round = 1; round <= rounds; round++)); do
		read -r wall cpu peak < <("$measure" 1 "$stepgate" run stepgate.conf)
		[[ ${peak:-} ]] || broken "the worker that prints much"
		[[ $(stat -c %s .stepgate/logs/*/*.log) -eq $output ]] || broken "its log is not whole"
		rm -r .stepgate/logs
		ours_wall+=("$wall")
		[[ $peak -le $most ]] || most=$peak
		read -r wall rest < <("$measure" 1 sh -c 'sh print.sh | cat > log')
		[[ ${rest:-} ]] || broken "cat"
		rm log
		theirs_wall+=("$wall")
	done
	cd ..
	rm -r much
	ours=$(median "${ours_wall[@]}") theirs=$(median "${theirs_wall[@]}")
	row "a worker that prints $((output / 1000000)) MB: wall time" "$ours" $((theirs * 3 / 2)) ms
	row "the same: peak memory" $((most * 1000 / 1024)) 12000 MiB
	printf '%-48s %9d.%02d ms\n' "the same through cat into a file" $((theirs / 1000)) $((theirs % 1000 / 10))
}

# What `stepgate meter` takes: a second of CPU for 200 MB at most.
metered() # WHAT ARGUMENT...
{
	local what=$1 rest cpu peak
	shift
	read -r rest cpu peak < <("$measure" 1 "$stepgate" meter "$@")
	[[ ${peak:-} ]] || broken "stepgate meter $*"
	row "$what: CPU" "$cpu" $((written / 200)) ms
	row "the same: peak memory" $((peak * 1000 / 1024)) 20000 MiB
}

# Transcripts of agents, the recordings of the tests again and again with ids of their own, 200 MB of
# each: files, and printed words.
transcripts()
{
	local data=$source_tree/tests/data/meter agent file name
	mkdir -p big/projects/p big/sessions/2026/01/01 big/tmp/p/chats big/opencode
	for agent in claude codex gemini; do
		case $agent in
		claude) name=projects/p/s.jsonl file=$(echo "$data"/claude-resume2/files/projects/*/*.jsonl) ;;
		codex) name=$(basename "$data"/codex-tool/files/sessions/*/*/*/*.jsonl)
			name=sessions/2026/01/01/$name file=$(echo "$data"/codex-tool/files/sessions/*/*/*/*.jsonl) ;;
		gemini) name=tmp/p/chats/session-x-056d85c3.jsonl
			file=$(echo "$data"/gemini-plain/files/tmp/*/chats/*.jsonl) ;;
		esac
		multiply "$file" > "big/$name"
		metered "$((written / 1000000)) MB of $agent's files" "$agent" --files big
		rm "big/$name"
	done
	for agent in claude-subagent codex-tool gemini-subagent opencode-subagent-title; do
		multiply "$data/$agent/stdout" > big/stdout
		metered "$((written / 1000000)) MB of what ${agent%%-*} printed" "${agent%%-*}" big/stdout
	done
	if command -v sqlite3 > /dev/null; then
		big_database "$data/opencode-subagent-title/files/opencode/opencode.sql" big/opencode/opencode.db
		metered "$((written / 1000000)) MB of opencode's database" opencode --files big
	else
		echo "$((written / 1000000)) MB of opencode's database: not measured: there is no sqlite3 to make it"
	fi
	rm -r big
}

# OpenCode's tables with its indices, the messages and parts of a recording in them until they are
# 200 MB.
big_database() # SQL FILE
{
	{
		cat "$1"
		echo 'PRAGMA synchronous = OFF;
			PRAGMA journal_mode = OFF;
			CREATE TEMP TABLE first_part AS SELECT * FROM part;
			CREATE TEMP TABLE first_message AS SELECT * FROM message;
			CREATE INDEX message_time ON message (session_id, time_created, id);
			CREATE INDEX part_message ON part (message_id, id);
			CREATE INDEX part_session ON part (session_id);
			CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
				WHERE i < '$((written / 6250))') SELECT i FROM n;
			BEGIN;
			INSERT INTO part SELECT id || i, message_id || i, session_id, time_created + i, data
				FROM n, first_part;
			INSERT INTO message SELECT id || i, session_id, time_created + i, data
				FROM n, first_message;
			COMMIT;'
	} | sqlite3 "$2" > output 2>&1 || broken "the database"
}

# 200 MB of a file, each time with other ids of its calls.
multiply() # FILE
{
	awk -v size="$written" '
		{ line[NR] = $0 }
		END {
			for (n = 0; bytes < size; n++)
				for (i = 1; i <= NR; i++) {
					text = line[i]
					gsub(/"(msg|resp)_/, "&" n "x", text)
					gsub(/"(id|uuid|messageID)":"/, "&" n "x", text)
					bytes += length(text) + 1
					print text
				}
		}' "$1"
}

start_up()
{
	local wall cpu peak
	read -r wall cpu peak < <("$measure" 200 "$stepgate" check 0)
	[[ ${peak:-} ]] || broken "stepgate check"
	printf '%-48s %9d.%02d ms\n' "'stepgate check', start to end: wall time" $((wall / 1000)) \
		$((wall % 1000 / 10))
	read -r wall cpu peak < <("$measure" 200 true)
	printf '%-48s %9d.%02d ms\n' "'true', the same way" $((wall / 1000)) $((wall % 1000 / 10))
}

# Commits of few and many changes among few and many files, beside git.
commits()
{
	BUILD=$build PLACE=$place "$source_tree/tests/bench/commits.sh"
	case $? in
	0) ;;
	1) over=1 ;;
	*) broken "the commits" ;;
	esac
}

printf '%s, %s processors, load %s, scratch on %s\n\n' \
	"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" \
	"$(getconf _NPROCESSORS_ONLN)" "$(cut -d' ' -f1 /proc/loadavg)" \
	"$(stat -f -c %T "$place")"
printf '%-48s %12s %16s\n' "" measured limit
bare_steps
saved_steps
recoveries
start_up
much_output
commits
transcripts
exit $over
