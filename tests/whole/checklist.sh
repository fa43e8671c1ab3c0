#!/bin/bash
# The items of a Markdown file are the steps, each ticked in the commit of its step.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
printf '# Plan\r\n\r\n- [x] Begun\r\n* [ ] Write `the` parser; $(touch no) {step}\r\n  1. [ ] Twice\r\n\r\n```\r\n- [ ] an example\r\n```\r\n- [ ] Twice\r\nno line end' > PLAN.md
write_config stepgate.conf << 'END'
title = "List"
checklist = "PLAN.md"
step_template {
	command = {"sh", "-c", "echo \"$1\" | tee -a done; echo \"$NAME\" > name", "sh", "{cycle}.{step}: {item} {{}}"}
	environment = {"NAME=<{title}>"}
}
END
git add -A && git commit -qm 'The plan' && git push -q
cp PLAN.md ../before

expect_exit 0 validate
expect_line 'stepgate.conf: OK: "List", 4 steps'
expect_exit 0 plan
expect_line 'Plan: List: 3 of 4 steps left'
expect_line '  2. Write `the` parser; $(touch no) {step}'
expect_line '  4. Twice (2)'

expect_exit 0 run
expect_stdout 'Starting Step 2: Tokens at 0.0%
Step 2 completed: Tokens: 0.0%; Status: OK, updated & pushed
Starting Step 3: Tokens at 0.0%
Step 3 completed: Tokens: 0.0%; Status: OK, updated & pushed
Starting Step 4: Tokens at 0.0%
Step 4 completed: Tokens: 0.0%; Status: OK, updated & pushed
Cycle 1 closed: All work completed'
expect_stderr ''
expect "what was done" "$(cat done)" '1.2: Write `the` parser; $(touch no) {step} {}
1.3: Twice {}
1.4: Twice {}'
expect "the variable" "$(cat name)" '<Twice (2)>'
[[ ! -e no ]] || fail "an item was run as code"

# Each tick is in the commit of its step, and nothing else of the file was changed.
ticked() # SUBJECT: the numbers of the lines that are ticked in that commit
{
	git show "$(git log -1 --format=%H --grep="^$1\$"):PLAN.md" | grep -n '\[x\]' | cut -d: -f1 | tr '\n' ' '
}
expect "ticks of step 2" "$(ticked 'Step 2: Write .*')" '3 4 '
expect "ticks of step 3" "$(ticked 'Step 3: Twice')" '3 4 5 '
expect "ticks of step 4" "$(ticked 'Step 4: Twice .2.')" '3 4 5 10 '
expect "the file but for its ticks" "$(sed 's/\[x\]/[ ]/' PLAN.md | sha256sum)" \
	"$(sed 's/\[x\]/[ ]/' ../before | sha256sum)"
expect "the work tree" "$(git status --porcelain)" ''

# A plan that is done stays done; an item that is unticked is to be done again.
expect_exit 0 run
expect_stderr 'stepgate: the plan is done: nothing to run'
sed -i '5s/\[x\]/[ ]/' PLAN.md
expect_exit 0 run
expect_line 'Step 3 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect "the last words" "$(tail -1 "$out")" 'Cycle 2 closed: All work completed'

# What the worker does to the file is seen: an item that it adds is a step of this cycle, one that it
# ticks is done, one that it takes away is no step.
printf -- '- [ ] first\n- [ ] ticked\n- [ ] taken away\n- [ ] last\n' > PLAN.md
git add -A && git commit -qm 'Another plan' && git push -q
write_config edits.conf << 'END'
title = "Edits"
checklist = "PLAN.md"
step_template {
	shell = "case $STEPGATE_STEP_TITLE in
		first) printf '%s\\n' '# New' '- [ ] new' '- [ ] first' '- [x] ticked' '- [ ] last' > PLAN.md ;;
		esac; echo \"$STEPGATE_STEP_TITLE\" >> ../order"
}
END
expect_exit 0 run edits.conf
expect "the order" "$(tr '\n' ' ' < ../order)" 'first new last '
expect_line 'Step 5 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect "the file" "$(cat PLAN.md)" '# New
- [x] new
- [x] first
- [x] ticked
- [x] last'

# An item that the worker rewrites is not ticked, and no other is in its stead.
reset() # ITEM...
{
	printf -- '- [ ] %s\n' "$@" > PLAN.md
	git add -A && git commit -qm 'Reset' && git push -q
}
worker() # NAME SHELL
{
	write_config "$1.conf" << END
title = "$1"
checklist = "PLAN.md"
step_template { shell = "$2" }
END
	git add -A && git commit -qm "$1" -q && git push -q
}
reset one two
worker rewrites "sed -i '1s/one/ONE/; 1s/ONE two/x/' PLAN.md"
expect_exit 0 run rewrites.conf
expect_in_stderr "stepgate: step 1 is not ticked: $PWD/PLAN.md: no item \"one\" any more"
expect "the file" "$(cat PLAN.md)" '- [x] ONE
- [x] two'

# Which of two equal ones it is can't be told once one of them is gone.
reset same same
worker removes "sed -i 1d PLAN.md"
expect_exit 0 run removes.conf
expect_in_stderr "stepgate: step 1 is not ticked: $PWD/PLAN.md: \"same\": items of the same text came or went: which one it is can't be told"
expect "the file" "$(cat PLAN.md)" '- [ ] same'

# A step that fails is not ticked, not even by its worker.
reset bad
worker fails "sed -i 's/\\\\[ \\\\]/[x]/' PLAN.md; exit 1"
expect_exit 1 run fails.conf
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, not committed'
expect "the file" "$(cat PLAN.md)" '- [ ] bad'
git checkout -q . # its work is kept on a ref

# Where the commit fails the tick is undone.
reset good
worker detaches "echo x > x; git checkout -q --detach"
expect_exit 1 run detaches.conf
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, commit failed'
expect "the file" "$(cat PLAN.md)" '- [ ] good'
git checkout -q main

# A worker that takes the file away, or puts a link in its place.
reset a b
worker deletes "rm PLAN.md"
expect_exit 1 run deletes.conf
expect_in_stderr "stepgate: $PWD/PLAN.md: the checklist is not there"
expect_line 'Cycle 8 closed: Error encountered'
reset a b
worker links "rm PLAN.md; echo '- [ ] a' > ../outside; ln -s ../outside PLAN.md"
expect_exit 1 run links.conf
expect_in_stderr "stepgate: $PWD/PLAN.md: not a regular file: refused"
expect "the file outside" "$(cat ../outside)" '- [ ] a'
expect_line 'Cycle 9 closed: Error encountered'

# No items at all.
rm PLAN.md
echo 'nothing to do' > PLAN.md
expect_exit 2 validate edits.conf
expect_stderr "stepgate: $PWD/PLAN.md: no step: a checklist has at least one line like \"- [ ] TEXT\""

# One that is passed over is not ticked, nor tried again by the next cycle.
reset bad good
worker skips "[ \$STEPGATE_STEP_TITLE = good ]"
sed -i '1a on_failure = "skip"\non_failure_work = "keep"' skips.conf
git commit -qam 'Skip' && git push -q
expect_exit 0 run skips.conf
expect_line 'Cycle 10 closed: All work completed'
expect "the file" "$(cat PLAN.md)" '- [ ] bad
- [x] good'
expect_exit 0 run skips.conf
expect_stderr 'stepgate: the plan is done: nothing to run'

# The last step adds to the plan: it is not done then.
reset begin
worker adds "[ \$STEPGATE_STEP_TITLE != begin ] || echo '- [ ] more' >> PLAN.md"
expect_exit 0 run adds.conf
expect_line 'Step 2 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect "the file" "$(cat PLAN.md)" '- [x] begin
- [x] more'
