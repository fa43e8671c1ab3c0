#!/bin/bash
# Cycles one after another, each with a fresh budget, until the plan is done or nothing moves.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Many"
budget { tokens = 1000 threshold = 50 }
step "a" { shell = "echo '{\"tokens\": 600}' >&3" }
step "b" { shell = "echo '{\"tokens\": 600}' >&3" }
step "c" { shell = "echo '{\"tokens\": 600}' >&3" }
END

expect_exit 10 run --until-done --max-cycles 2 --detailed-exitcode
expect "cycles" "$(grep -c '^Cycle . closed: Token threshold exceeded: 60.0%$' "$out")" 2
expect_exit 0 run --until-done --detailed-exitcode
expect_stdout 'Starting Step 3: Tokens at 0.0%
Step 3 completed: Tokens: 60.0%; Status: OK, updated & pushed
Cycle 3 closed: All work completed'

write_config fails.conf << 'END'
title = "Fails"
step "works" { command = {"true"} }
step "fails" { command = {"false"} }
END
expect_exit 1 run fails.conf --until-done
expect "one cycle" "$(grep -c '^Cycle' "$out")" 1

expect_exit 2 run --max-cycles 2
expect_stderr 'stepgate: --max-cycles: goes with --until-done'
