#!/bin/bash
# An agent that drives its own cycle: on the same documents, and held to the machine.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
doc=status/EE_CYCLE_STATUS.json

# Nothing is open yet: each verb says what to do instead.
expect_exit 0 status
expect_stdout 'No cycle yet'
for verb in 'step begin' 'step done --desc x --tokens 1' 'update --next x'; do
	# shellcheck disable=SC2086
	expect_exit 1 $verb
	expect_in_stderr 'no cycle is open: begin one with `stepgate start --task T`'
done

expect_exit 0 start --task 'Build the importer' --budget 100000 --threshold 40
expect_stdout 'Cycle 1 started: 100,000 tokens, limit 40,000 (40%)'
expect_json .current_task 'Build the importer' $doc
expect_exit 1 start --task again
expect_in_stderr 'cycle 1 is open'

# A done without a begin is refused; so is a second begin.
expect_exit 1 step done --desc x --tokens 1
expect_in_stderr 'cycle 1 is in PRECHECK: no step is under way: begin one first'
expect_exit 0 step begin --desc Reader
expect_stdout '✅ Token budget OK: 0.0% (remaining: 40.0%) - 0/40,000 tokens
Starting Step 1: Tokens at 0.0%'
expect_exit 1 step begin
expect_in_stderr 'cycle 1 is in STEP: a step is under way'
expect_exit 1 update --cycle-end user
expect_in_stderr 'the step is still under way'

echo reader > reader
mkdir -p deep/folder
cd deep/folder || exit 1
expect_exit 0 step done --desc 'The reader' --tokens 25000
cd ../.. || exit 1
expect_stdout 'Step 1 completed: Tokens: 25.0%; Status: OK, updated & pushed'
expect "the subject" "$(git -C ../repo.git log -1 --format=%s main)" 'Step 1: The reader'
expect "the work" "$(git -C ../repo.git show main:reader)" reader
expect_json '.steps_completed[0] | [.step, .description, .tokens_used, .token_percent] | tojson' \
	'[1,"The reader",25000,25]' $doc

# Usage can't fall.
expect_exit 0 step begin
expect_exit 2 step done --desc x --tokens 24999
expect_in_stderr '24999 is less than the 25000'

# A failed step is told as one; the agent goes on.
echo half > half
expect_exit 1 step done --desc 'The writer' --tokens 30000 --failed
expect_stdout 'Step 2 completed: Tokens: 30.0%; Status: NOK, not committed'
expect_exit 0 step begin
expect_exit 0 step done --desc 'The writer, again' --tokens 40000
expect_stdout 'Step 3 completed: Tokens: 40.0%; Status: OK, updated & pushed
Cycle 1 closed: Token threshold exceeded: 40.0%'
expect_exit 1 step begin
expect_in_stderr 'no cycle is open'
expect "the work tree" "$(git status --porcelain)" ''

# update alone: records without a commit, and the gate's answer beside it.
expect_exit 0 start --task Docs
head=$(git rev-parse HEAD)
expect_exit 0 update --step-complete 1 --step-desc 'Setup' --tokens 45000
expect_stdout 'Step 1 completed: Tokens: 22.5%; Status: OK, not committed
✅ Token budget OK: 22.5% (remaining: 12.5%) - 45,000/70,000 tokens'
expect_exit 0 update --task 'Feature X' --completed 'Task A' 'Task B' --next 'Test it'
expect_json '[.current_task, .next_action, (.tasks_completed | join("+"))] | join("|")' \
	'Feature X|Test it|Task A+Task B' $doc
expect_json '.steps_completed[0].token_percent' 22.5 $doc
expect "HEAD" "$(git rev-parse HEAD)" "$head"
expect_exit 1 update --cycle-end threshold
expect_in_stderr 'the threshold is not reached'
expect_exit 2 update --cycle-end whatever
expect_exit 0 update --step-complete 2 --step-desc More --tokens 75000

# What update told counts for the gate of step begin.
expect_exit 1 step begin
expect_stdout '❌ Token threshold exceeded: 37.5% (max: 35%) - 75,000/70,000 tokens
Cycle 2 closed: Token threshold exceeded: 37.5%'
expect_json .close_cause threshold $doc

expect_exit 0 start --task Last
expect_exit 0 update --cycle-end completed
expect_stdout 'Cycle 3 closed: All work completed'
expect_exit 0 status --json
expect_json .close_reason 'All work completed'
expect_exit 0 report $'one\e[31m line\nand more'

# Usage that can't be told is not zero; and it keeps no cycle from its end.
expect_exit 0 start --task Unknown
expect_exit 0 update --step-complete 1 --step-desc Setup --tokens 100
sed -i 's/"tokens_used":.*100/"tokens_used": null/' $doc
expect_json '.steps_completed[0].tokens_used' null $doc
expect_exit 0 update --cycle-end user
expect_stdout 'Cycle 4 closed: User requested'

# A batch run and an agent's cycle don't mix.
expect_exit 0 start --task Open
write_config stepgate.conf << 'END'
title = "Batch"
step "s" { command = {"true"} }
END
expect_exit 1 run
expect_in_stderr 'cycle 5 is open: an agent drives it'
expect_exit 0 update --cycle-end user
expect_exit 0 run
expect_line 'Cycle 6 closed: All work completed'
