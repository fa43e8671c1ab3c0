#!/bin/bash
# A journal that is not there: which steps of a plan are done is known all the same.
. "$SRC/tests/lib.sh"

make_repository repo
top=$PWD
cd repo || exit 1

# A plan of four steps, one of them a cycle; it keeps the keys that its steps were given.
plan_of() # FILE [LINE...]
{
	local file=$1 step
	shift
	{
		printf 'title = "Lost"\nbudget { threshold = 20 }\n'
		printf '%s\n' "$@"
		for step in one two three four; do
			printf 'step "%s" { shell = "%s; %s; %s" }\n' "$step" \
				"echo $step >> $top/runs; echo \\\"\$STEPGATE_STEP_KEY\\\" > $top/key-$step" \
				"echo $step >> $step.$file" 'echo \"{\\\"tokens\\\": 40000}\" >&3'
		done
	} > "$file"
}
runs() # STEP...: what was run since the last call
{
	expect "what was run" "$(tr '\n' ' ' < "$top/runs" 2> /dev/null)" "${1:+$* }"
	: > "$top/runs"
}
as_there_was_none="the journal was rebuilt from git's history, as there was none"
anew='(`stepgate run --restart` does them anew)'

# The first run of all has nothing to say of it, nor has one on a branch that was not born.
plan_of a.conf
expect_exit 0 run a.conf
expect_stderr ''
runs one
git init -q ../unborn
plan_of b.conf 'repository { path = "../unborn" push = false }'
expect_exit 0 run b.conf
expect_stderr ''
runs one
rm b.conf

# The journal is removed: what is done is done, in `plan` too; commits name their plan, so that one
# with the same titles is another.
expect_exit 0 run a.conf
runs two
expect "the trailers" "$(git log -1 --format=%B main~1)" 'Step 2: two

Stepgate-Cycle: 2
Stepgate-Step: 2
Stepgate-Plan: a.conf'
expect "the closing words" "$(git log -1 --format=%B)" 'Cycle 2 closed: Token threshold exceeded: 20.0%

Stepgate-Cycle: 2
Stepgate-Plan: a.conf'
rm -rf .stepgate
expect_exit 0 plan a.conf
expect_line 'Plan: Lost: 2 of 4 steps left'
[[ ! -e .stepgate ]] || fail "plan made a journal"
plan_of other.conf
expect_exit 0 plan other.conf
expect_line 'Plan: Lost: 4 of 4 steps left'
expect_exit 0 run a.conf
expect_stderr "stepgate: $as_there_was_none: the newest cycle in it is 2, and 2 of the plan's 4 steps are done $anew"
expect_line 'Cycle 3 closed: Token threshold exceeded: 20.0%'
runs three
expect_exit 0 run a.conf
expect_stderr ''
runs four

# A clone has no journal at all.
cd "$top" || exit 1
git clone -q repo.git clone
cd clone || exit 1
expect_exit 0 run a.conf
expect_stderr "stepgate: $as_there_was_none: the newest cycle in it is 4, and 4 of the plan's 4 steps are done $anew
stepgate: the plan is done: nothing to run"
runs

# Begun anew, and lost again: the round is kept, and with it the keys of its steps.
first_key=$(cat ../key-one)
expect_exit 0 run a.conf --restart
expect_line 'Starting Step 1: Tokens at 0.0%'
runs one
second_key=$(cat ../key-one)
[[ $first_key != "$second_key" ]] || fail "a new round has the old one's keys"
expect "the round" "$(git log -1 --format='%(trailers:key=Stepgate-Round,valueonly)' main~1)" 2
rm -rf .stepgate
expect_exit 0 run a.conf
expect_in_stderr "the newest cycle in it is 5, and 1 of the plan's 4 steps are done"
runs two
second_key=$(cat ../key-two)
expect_exit 0 run a.conf
runs three
# The same step of the same round, tried again after the loss of all that was known of it.
git reset -q --hard main~4
git push -q -f
rm -rf .stepgate
expect_exit 0 run a.conf
runs two
expect "the key" "$(cat ../key-two)" "$second_key"

# An agent's own step of a title in the plan is not the plan's.
expect_exit 0 start --task agent
expect_exit 0 step begin
expect_exit 0 step done --desc three --tokens 10
expect_exit 0 update --cycle-end user
rm -rf .stepgate
expect_exit 0 run a.conf
expect_in_stderr "and 2 of the plan's 4 steps are done"
runs three

# Histories of before commits named their plan: by the titles, and in rounds where one was completed.
make_old() # SUBJECT TRAILER...
{
	git commit -q --allow-empty -m "$1" -m "$(printf '%s\n' "${@:2}")"
}
cd "$top" && make_repository old && cd old || exit 1
make_old 'Step 1: one' 'Stepgate-Cycle: 7' 'Stepgate-Step: 1'
make_old 'Step 2: two' 'Stepgate-Cycle: 7' 'Stepgate-Step: 2'
make_old 'Step 3: three' 'Stepgate-Cycle: 7' 'Stepgate-Step: 3' 'Stepgate-Status: NOK'
git push -q
plan_of a.conf
expect_exit 0 plan a.conf
expect_line 'Plan: Lost: 2 of 4 steps left'
make_old 'Step 3: three' 'Stepgate-Cycle: 8' 'Stepgate-Step: 3'
make_old 'Step 4: four' 'Stepgate-Cycle: 8' 'Stepgate-Step: 4'
make_old 'Cycle 8 closed: All work completed' 'Stepgate-Cycle: 8'
make_old 'Step 1: one' 'Stepgate-Cycle: 9' 'Stepgate-Step: 1'
git push -q
expect_exit 0 run a.conf
expect_in_stderr "the newest cycle in it is 9, and 1 of the plan's 4 steps are done"
expect "the round" "$(git log -1 --format='%(trailers:key=Stepgate-Round,valueonly)' main~1)" 2
runs two

# What was passed over stays so, though no commit may hold it: those after it tell, in the cycle itself
# and at its end.
passing() # [LINE...]
{
	local step
	printf 'title = "Passing"\n' && printf '%s\n' "$@"
	for step in one,fails two three,fails four,fails five; do
		printf 'step "%s" { on_failure = "skip" shell = "%s; %s; %s" }\n' "$step" \
			"echo ${step%,*} >> $top/runs; echo $step > ${step%,*}" \
			'echo \"{\\\"tokens\\\": 40000}\" >&3' "[ $step = ${step%,*} ]"
	done
}
cd "$top" && make_repository passing && cd passing || exit 1
passing > a.conf
expect_exit 0 run a.conf
runs one two
expect "the trailers" "$(git log -1 --format=%B main~1)" 'Step 2: two

Stepgate-Cycle: 1
Stepgate-Step: 2
Stepgate-Plan: a.conf
Stepgate-Passed: Step 1: one,fails'
rm -rf .stepgate
expect_exit 0 run a.conf
expect_in_stderr "the newest cycle in it is 1, and 2 of the plan's 5 steps are done"
runs three four
expect "the closing words" "$(git log -1 --format=%B)" 'Cycle 2 closed: Token threshold exceeded: 40.0%

Stepgate-Cycle: 2
Stepgate-Plan: a.conf
Stepgate-Passed: Step 4: four,fails
Stepgate-Passed: Step 3: three,fails'
rm -rf .stepgate
expect_exit 0 plan a.conf
expect_line 'Plan: Passing: 1 of 5 steps left'
expect_exit 0 run a.conf
expect_in_stderr "the newest cycle in it is 2, and 4 of the plan's 5 steps are done"
runs five

# Nothing is committed: the status document knows of its cycle.
mkdir "$top/plain" && cd "$top/plain" || exit 1
plan_of a.conf 'repository { commit = false push = false }'
expect_exit 0 run a.conf
runs one
rm -rf .stepgate
expect_exit 0 plan a.conf
expect_line 'Plan: Lost: 3 of 4 steps left'
expect_exit 0 run a.conf
expect_in_stderr "the journal was rebuilt from the status document, as there was none: the newest cycle in it is 1, and 1 of the plan's 4 steps are done"
runs two
plan_of other.conf 'repository { commit = false push = false }'
rm -rf .stepgate
expect_exit 0 run other.conf
expect_in_stderr "and 0 of the plan's 4 steps are done"
runs one
passing 'repository { commit = false push = false }' > passing.conf
rm -rf .stepgate status
expect_exit 0 run passing.conf
runs one two
expect_json '[.steps_completed[].passed_over] | tostring' '[true,null]' status/EE_CYCLE_STATUS.json
rm -rf .stepgate
expect_exit 0 run passing.conf
expect_in_stderr "and 2 of the plan's 5 steps are done"
runs three four

# A checklist tells itself what is done.
printf -- '- [ ] one\n' > PLAN.md
printf 'title = "List"\nchecklist = "PLAN.md"\nrepository { commit = false push = false }\nstep_template { command = {"true"} }\n' > list.conf
expect_exit 2 run list.conf --restart
expect_stderr 'stepgate: --restart: not with a checklist: its items begin anew when they are unticked'
