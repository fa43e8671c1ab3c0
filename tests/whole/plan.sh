#!/bin/bash
# The dry run: what is left, what would be run, and where the work would go; for people and programs.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Dry"
budget { tokens = 1000 threshold = 50 }
step "One" { command = {"echo", "it's one"} timeout = "90s" }
step "Two" { shell = "echo '{\"tokens\": 600}' >&3" }
step "Three" { command = {"true"} }
END
expect_exit 0 plan
expect_stdout "Plan: Dry: 3 of 3 steps left
  1. One
     runs: echo 'it'\\''s one'
     in $PWD, at most 1 min 30 s
  2. Two
     runs: /bin/sh -c 'echo '\\''{\"tokens\": 600}'\\'' >&3'
     in $PWD
  3. Three
     runs: true
     in $PWD
Gate: ✅ Token budget OK: 0.0% (remaining: 50.0%) - 0/500 tokens
Commit: on main in $PWD, as $(git config user.name) <$(git config user.email)>
Push: origin refs/heads/main
Git: by the commit helper itself
  identity: $(git config user.name) <$(git config user.email)>"
expect_exit 0 plan --json
expect_json '[.title, .steps_total, .steps_left, .token_budget, .gate.can_proceed, .gate.threshold_tokens] | tojson' \
	'["Dry",3,3,1000,true,500]'
expect_json '.steps[0] | [.step, .description, .command[1], .cwd, .timeout_ms] | tojson' \
	"[1,\"One\",\"it's one\",\"$PWD\",90000]"
expect_json '.repository | [.commit, .branch, .upstream, .problem] | tojson' \
	'[true,"main","origin refs/heads/main",null]'
expect_json '.repository.features | map([.name, .served]) | tojson' '[["identity","engine"]]'

expect_exit 0 run
expect_exit 0 plan --json --budget 2000 --threshold 20
expect_json '[.steps_left, .steps[0].description, .gate.threshold_tokens] | tojson' '[1,"Three",400]'

git branch -q --unset-upstream
expect_exit 1 plan
expect_line 'Push: (no upstream)'
grep -q '^Problem: the branch has no upstream to push to: ' "$out" || fail "the problem is not told"
expect_exit 1 plan --json
expect_json .repository.problem 'the branch has no upstream to push to'

# A cycle that an agent drives is in the way of `run`, and of what plan says.
git push -q -u origin main
expect_exit 0 start --task "by hand"
expect_exit 1 plan
expect_line 'Problem: cycle 2 is open: an agent drives it by `stepgate start`: end it with `stepgate update --cycle-end user`'
expect_exit 1 plan --json
expect_json .repository.problem 'cycle 2 is open: an agent drives it by `stepgate start`: end it with `stepgate update --cycle-end user`'
expect_exit 1 run
expect_stderr 'stepgate: cycle 2 is open: an agent drives it by `stepgate start`: end it with `stepgate update --cycle-end user`'
expect_exit 0 update --cycle-end user
expect_exit 0 plan
