#!/bin/bash
# A plan that was edited between cycles: steps are known by their titles, and what can be read in two
# ways is asked for.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
plan() # TITLE...
{
	local title
	printf 'title = "Edits"\nbudget { tokens = 1000 threshold = 20 }\n' > stepgate.conf
	for title; do
		# shellcheck disable=SC2016
		printf 'step "%s" { shell = "echo \\"$STEPGATE_STEP_TITLE\\" >> ../order; %s" }\n' \
			"$title" "echo '{\\\"tokens\\\": 100}' >&3" >> stepgate.conf
	done
}
order() # TITLE...: what was done since the last call
{
	expect "what was done" "$(cat ../order 2> /dev/null)" "$(printf '%s\n' "$@")"
	rm -f ../order
}

# Two steps of 100 tokens each fit under the limit of 200.
plan A B C D
expect_exit 0 run
order A B
expect_exit 0 plan
grep -q '^Edited' "$out" && fail "an edit is seen where there was none"

# Moved, added behind what is done, removed while still to be done: no question, nothing done twice.
plan D E B A
expect_exit 0 plan
expect_line 'Plan: Edits: 2 of 4 steps left'
expect_line 'Edited: "E" is new'
expect_line 'Edited: "C" is gone'
expect_line 'Edited: the steps stand in another order'
expect_line '  1. D'
expect_exit 0 run
expect_line 'Starting Step 1: Tokens at 0.0%'
order D E
expect_exit 0 run
expect_stderr 'stepgate: the plan is done: nothing to run'

# A step that was done and is gone is forgotten, and said to be; should it come back it is to be done.
plan D E B
expect_exit 0 run
expect_in_stderr 'stepgate: step "A" was done and is not in the plan any more: forgotten'
order
plan D E B A
expect_exit 0 run
order A

# A new title among what is done while a title of that is gone: renamed, or another step? Ask.
plan D E2 B A
question="stepgate: stepgate.conf: nothing was started: the plan was edited: \"E\", which was done, is gone, and \"E2\" is new: if that is the same step, give it its old title; if not, \`stepgate run --accept\` takes the plan as it stands"
picture .stepgate | grep -v lock > ../before
expect_exit 2 plan
expect_stderr "$question"
expect_exit 2 run
expect_stdout ''
expect_stderr "$question"
order
expect_exit 0 run --accept
expect_in_stderr 'stepgate: step "E" was done and is not in the plan any more: forgotten'
order E2
expect_exit 0 run
expect_stderr 'stepgate: the plan is done: nothing to run'

# The same with the only step that was done.
plan one two
sed -i 's/"Edits"/"Only"/; /^step/s/100/300/' stepgate.conf
mv stepgate.conf only.conf
expect_exit 0 run only.conf
order one
sed -i 's/"one"/"uno"/' only.conf
expect_exit 2 run only.conf
expect_in_stderr '"one", which was done, is gone, and "uno" is new'
order

# New behind all that is done, while something done is gone: that is no new name for it.
sed -i '/"uno"/d; $a step "three" { command = {"true"} }' only.conf
expect_exit 0 run only.conf --budget 1000000
expect_in_stderr 'step "one" was done and is not in the plan any more: forgotten'
order two

# An edit while a cycle is not closed: the steps of that cycle keep their numbers.
cat > cut.conf << 'END'
title = "Cut"
on_failure_work = "keep"
step "first" { command = {"true"} }
step "second" { shell = "[ -e ../cut ] || { touch ../cut; kill -9 $PPID; sleep 100; }" }
END
run "$STEPGATE" run cut.conf
expect "exit code" $code 137
sed -i '2a step "zeroth" { command = {"true"} }' cut.conf
run "$STEPGATE" run cut.conf --accept
expect_line 'Starting Step 3: Tokens at 0.0%'
expect_line 'Starting Step 2: Tokens at 0.0%'
expect "zeroth is the third of this cycle" "$(git log --format=%s --grep 'zeroth')" 'Step 3: zeroth'
