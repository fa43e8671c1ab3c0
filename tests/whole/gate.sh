#!/bin/bash
# The gate's answers, as text and as JSON, and the exit codes.
. "$SRC/tests/lib.sh"

expect_exit 0 check 50000
expect_stdout '✅ Token budget OK: 25.0% (remaining: 10.0%) - 50,000/70,000 tokens'
expect_exit 1 check 80000
expect_stdout '❌ Token threshold exceeded: 40.0% (max: 35%) - 80,000/70,000 tokens'
expect_exit 0 check 69999
expect_stdout '✅ Token budget OK: 34.9% (remaining: 0.1%) - 69,999/70,000 tokens'
expect_exit 1 check 70000
expect_exit 0 check 50000 --json
expect_stdout '{"can_proceed": true, "current_tokens": 50000, "current_percent": 25.0, "threshold_percent": 35, "threshold_tokens": 70000, "message": "✅ Token budget OK: 25.0% (remaining: 10.0%) - 50,000/70,000 tokens"}'
expect_exit 1 check --json 70000
expect_json .can_proceed false
expect_exit 0 check 0 --budget 9223372036854775807 --threshold 95 --json
expect_json .can_proceed true
expect "the largest limit" "$(grep -o '"threshold_tokens": [0-9]*' "$out")" \
	'"threshold_tokens": 8762203435012037017'
expect_exit 1 check 9223372036854775807 --budget 9223372036854775807 --threshold 95
expect_stdout '❌ Token threshold exceeded: 100.0% (max: 95%) - 9,223,372,036,854,775,807/8,762,203,435,012,037,017 tokens'
expect_exit 0 check 2 --budget 10 --threshold 25
expect_exit 1 check 3 --budget 10 --threshold 25

expect_exit 0 --help
expect_exit 0 --version
for command in run plan validate check fsm start update status report 'step begin' 'step done'; do
	# shellcheck disable=SC2086
	expect_exit 0 $command --help
	grep -q "^usage: stepgate $command" "$out" || fail "no help for $command"
done
