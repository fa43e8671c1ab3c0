#!/bin/bash
# The main job: a plan of six steps over two cycles, on a real repository with a real upstream.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Six steps"
step "Write one"   { shell = "echo 1 > one;   echo '{\"tokens\": 18000}' >&3" }
step "Write two"   { shell = "echo 2 > two;   echo '{\"tokens\": 18000}' >&3" }
step "Remove one"  { shell = "rm one;         echo '{\"tokens_delta\": 18000}' >&3" }
step "Write three" { shell = "echo 3 > three; echo '{\"tokens\": 18000}' >&3" }
step "Write four"  { shell = "echo 4 > four;  echo '{\"tokens\": 17999}' >&3" }
step "Write five"  { shell = "echo 5 > five" }
END

expect_exit 0 run
expect_stdout 'Starting Step 1: Tokens at 0.0%
Step 1 completed: Tokens: 9.0%; Status: OK, updated & pushed
Starting Step 2: Tokens at 9.0%
Step 2 completed: Tokens: 18.0%; Status: OK, updated & pushed
Starting Step 3: Tokens at 18.0%
Step 3 completed: Tokens: 27.0%; Status: OK, updated & pushed
Starting Step 4: Tokens at 27.0%
Step 4 completed: Tokens: 36.0%; Status: OK, updated & pushed
Cycle 1 closed: Token threshold exceeded: 36.0%'
expect_stderr ''
[[ ! -e four ]] || fail "a step ran behind the shut gate"
expect "the work tree" "$(git status --porcelain)" ''

doc=status/EE_CYCLE_STATUS.json
expect_json .cycle_number 1 $doc
expect_json .token_budget 200000 $doc
expect_json .token_threshold 70000 $doc
expect_json .current_task null $doc
expect_json .close_reason 'Token threshold exceeded: 36.0%' $doc
expect_json .close_cause threshold $doc
expect_json '.tasks_completed | join(",")' 'Write one,Write two,Remove one,Write three' $doc
expect_json '.steps_completed | length' 4 $doc
expect_json '.steps_completed[3] | [.step, .description, .status, .tokens_used, .token_percent] | tojson' \
	'[4,"Write three","OK",72000,36]' $doc
grep -q '"token_percent":[[:space:]]*36\.0' $doc || fail "not one decimal"
expect_json '[.started_at, .last_updated, .ended_at, .steps_completed[].completed_at] |
	all(test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}Z$"))' true $doc
expect "the keys in their order" "$(jq -r 'keys_unsorted[:9] | join(" ")' $doc)" \
	'cycle_number started_at token_budget token_threshold current_task tasks_completed steps_completed next_action last_updated'

# The second cycle goes on with the next step and a fresh budget, and completes the plan.
expect_exit 0 run --detailed-exitcode
expect_stdout 'Starting Step 5: Tokens at 0.0%
Step 5 completed: Tokens: 8.9%; Status: OK, updated & pushed
Starting Step 6: Tokens at 8.9%
Step 6 completed: Tokens: 8.9%; Status: OK, updated & pushed
Cycle 2 closed: All work completed'
expect "the subjects upstream" "$(cd .. && upstream_subjects repo)" 'Step 1: Write one
Step 2: Write two
Step 3: Remove one
Step 4: Write three
Cycle 1 closed: Token threshold exceeded: 36.0%
Step 5: Write four
Step 6: Write five
Cycle 2 closed: All work completed'
expect "the trailers" \
	"$(git log -1 --format='%(trailers:key=Stepgate-Cycle,key=Stepgate-Step,separator=%x2C)' main~1)" \
	'Stepgate-Cycle: 2,Stepgate-Step: 6'
expect "the upstream" "$(git -C ../repo.git rev-parse main)" "$(git rev-parse HEAD)"
expect "the files of step 4" "$(git ls-tree --name-only main~4 | tr '\n' ' ')" \
	'README status stepgate.conf three two '
git fsck --strict --no-dangling > /dev/null 2>&1 || fail "git fsck is not content"

# A plan that is done stays done, and leaves no trace.
before=$(git rev-parse HEAD)
expect_exit 0 run
expect_stdout ''
expect_in_stderr 'the plan is done'
expect "HEAD" "$(git rev-parse HEAD)" "$before"

# … unless it is to begin anew.
sed -i '1a when_complete = "restart"' stepgate.conf
expect_exit 10 run --detailed-exitcode
expect_line 'Starting Step 1: Tokens at 0.0%'
expect_line 'Cycle 3 closed: Token threshold exceeded: 36.0%'
