#!/bin/bash
# tests/demo.sh: a plan of six steps on a scratch repository with a bare upstream. The first cycle
# closes at the gate with work left, the second one completes the plan. It looks for itself whether
# all is as it should be. KEEP=1 leaves the folder for you.
set -u

source_tree=$(cd "$(dirname "$0")/.." && pwd) || exit 1
build=$(realpath "${BUILD:-$source_tree/build/release}") || exit 1
stepgate=$build/stepgate
[[ -x $stepgate ]] || { echo "demo: $stepgate: not built: run 'make' first" >&2; exit 1; }

place=$(mktemp -d "${TMPDIR:-/tmp}/stepgate-demo.XXXXXX") || exit 1
finish()
{
	if [[ ${KEEP:-} ]]; then
		echo "kept: $place"
	else
		rm -rf "$place"
	fi
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# Nothing of the user's own settings, and no identity but this.
export HOME=$place GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$place/gitconfig
git config --global user.name "Demo"
git config --global user.email "demo@example.org"
git config --global init.defaultBranch main
git config --global advice.detachedHead false
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

wrong()
{
	echo "demo: not as it should be: $*" >&2
	exit 1
}

title() # TEXT
{
	printf '\n== %s\n' "$*"
}

# Runs a command as a user would type it, and shows it; its stdout goes to $place/said too.
show() # COMMAND...
{
	printf '$ %s\n' "${*/#"$stepgate"/stepgate}"
	"$@" | tee "$place/said"
	return "${PIPESTATUS[0]}"
}

make_place()
{
	git init -q --bare "$place/upstream.git" && git init -q "$place/work" &&
		cd "$place/work" && mkdir notes && cp "$place/worker" worker.sh &&
		write_config && git add -A && git commit -q -m "A project, and the plan for it" &&
		git remote add origin "$place/upstream.git" && git push -q -u origin main
}

# The worker is as real as a small one can be: it writes a file, and tells what that cost.
cat > "$place/worker" << 'END'
#!/bin/sh
set -eu
mkdir -p src
printf '%s\n' "$2" > "src/$1"
echo "wrote src/$1 in cycle $STEPGATE_CYCLE as step $STEPGATE_STEP"
echo '{"tokens": 18000}' >&"$STEPGATE_USAGE_FD"
END
chmod +x "$place/worker"

steps=("Parse the arguments" "Read the input" "Count the words" "Sort the counts"
	"Print a table" "Explain the usage")
files=(args.txt input.txt count.txt sort.txt table.txt usage.txt)

write_config()
{
	{
		printf '%s\n' 'title = "A word counter"' '' 'budget {' '    tokens    = 200000' \
			'    threshold = 35' '}' ''
		for i in "${!steps[@]}"; do
			printf 'step "%s" {\n    command = {"./worker.sh", "%s", "%s"}\n}\n\n' \
				"${steps[i]}" "${files[i]}" "${steps[i]}"
		done
		printf 'report "file" {\n    path = "../reports.jsonl"\n}\n'
	} > stepgate.conf
}

make_place || wrong "the scratch repository could not be made"

title "The plan: ${#steps[@]} steps at 18,000 tokens; a cycle may start steps below 70,000"
show "$stepgate" plan || wrong "'stepgate plan' ended with $?"

title "The first cycle"
show "$stepgate" run --detailed-exitcode
code=$?
[[ $code -eq 10 ]] || wrong "the first cycle ended with exit code $code, not 10 (work left)"
expected_1='Starting Step 1: Tokens at 0.0%
Step 1 completed: Tokens: 9.0%; Status: OK, updated & pushed
Starting Step 2: Tokens at 9.0%
Step 2 completed: Tokens: 18.0%; Status: OK, updated & pushed
Starting Step 3: Tokens at 18.0%
Step 3 completed: Tokens: 27.0%; Status: OK, updated & pushed
Starting Step 4: Tokens at 27.0%
Step 4 completed: Tokens: 36.0%; Status: OK, updated & pushed
Cycle 1 closed: Token threshold exceeded: 36.0%'
[[ $(cat "$place/said") == "$expected_1" ]] || wrong "the report lines of the first cycle"

title "The second cycle: the next step, a fresh budget"
show "$stepgate" run --detailed-exitcode
code=$?
[[ $code -eq 0 ]] || wrong "the second cycle ended with exit code $code, not 0 (all done)"
expected_2='Starting Step 5: Tokens at 0.0%
Step 5 completed: Tokens: 9.0%; Status: OK, updated & pushed
Starting Step 6: Tokens at 9.0%
Step 6 completed: Tokens: 18.0%; Status: OK, updated & pushed
Cycle 2 closed: All work completed'
[[ $(cat "$place/said") == "$expected_2" ]] || wrong "the report lines of the second cycle"

title "What the upstream has"
show git -C "$place/upstream.git" log --reverse --format='%h %s' main
subjects=$(git -C "$place/upstream.git" log --reverse --format=%s main)
for i in "${!steps[@]}"; do
	subject="Step $((i + 1)): ${steps[i]}"
	[[ $(grep -cxF "$subject" <<< "$subjects") -eq 1 ]] ||
		wrong "the upstream has not exactly one commit '$subject'"
	commit=$(git -C "$place/upstream.git" log --format=%H --fixed-strings \
		--grep="$subject" main)
	[[ $(git -C "$place/upstream.git" show "$commit:src/${files[i]}") == "${steps[i]}" ]] ||
		wrong "the commit of step $((i + 1)) does not hold its work"
done
[[ -z $(git status --porcelain) ]] || wrong "the work tree is not clean: $(git status --porcelain)"

title "The status document"
document=status/EE_CYCLE_STATUS.json
show cat "$document"
for words in '"cycle_number":[[:space:]]*2' '"token_budget":[[:space:]]*200000' \
	'"token_threshold":[[:space:]]*70000' '"tokens_used":[[:space:]]*36000' \
	'"token_percent":[[:space:]]*18\.0' '"status":[[:space:]]*"OK"'; do
	grep -qE "$words" "$document" || wrong "the status document lacks $words"
done
[[ $(git -C "$place/upstream.git" show "main:$document") == "$(cat "$document")" ]] ||
	wrong "the upstream has another status document"

title "As it should be: 6 steps in 2 cycles, one commit for each, all of them at the upstream"
