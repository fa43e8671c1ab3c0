#!/bin/bash
# The budget while a step runs: a worker that reaches `hard` is stopped, with all that it started, and
# its work goes the way of failed work; `warn` is told once, while the worker still runs.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
doc=status/EE_CYCLE_STATUS.json

# It says what it uses step by step, and would go on for ever; what it started would too.
cat > spender << 'END'
#!/bin/sh
trap 'echo asked >> "$HOME/asked"; exit 0' TERM
echo half > half
setsid sleep 1000 &
echo $! > "$HOME/sleeper"
for tokens in "$@"; do
	echo "{\"tokens\": $tokens}" >&$STEPGATE_USAGE_FD
done
while :; do sleep 0.05; done
END
chmod +x spender
git add spender && git commit -q -m Spender && git push -q

write_config stepgate.conf << 'END'
budget { tokens = 1000 hard = 90 warn = 80 }
step "Spend" { command = {"./spender", "799", "800", "899", "900"} }
step "Next" { command = {"true"} }
report "file" { path = ".stepgate/reports.jsonl" on = {"warn", "nok", "closed"} }
report "program" { command = {"sh", "-c", "cat >> $HOME/warned"} on = {"warn"} }
END
git add stepgate.conf && git commit -q -m Config && git push -q
expect_exit 1 run
expect_stdout 'Starting Step 1: Tokens at 0.0%
Step 1 completed: Tokens: 90.0%; Status: NOK, not committed
Cycle 1 closed: Error encountered'
expect_in_stderr 'step 1: budget exhausted in mid-step: 900 of 1,000 tokens (hard = 90%)'
expect "how often it was asked" "$(cat "$HOME/asked")" asked
kill -0 "$(cat "$HOME/sleeper")" 2> /dev/null && fail "what it started is still there"
expect_json '.steps_completed[0] | [.status, .failure, .why] | join("; ")' \
	'NOK; budget_exhausted; budget exhausted in mid-step: 900 of 1,000 tokens (hard = 90%)' $doc
expect "the journal" "$(sqlite3 .stepgate/state.db 'SELECT how, own, failure FROM step')" \
	'FAILED|900|budget_exhausted'
expect "the salvaged work" "$(git show "$(git for-each-ref --format='%(refname)' refs/stepgate | head -1)":half)" half

# The events, in their order, and each once.
expect "the events" "$(jq -r .event .stepgate/reports.jsonl | tr '\n' ' ')" 'warn step closed '
expect_json 'select(.event == "warn") | [.tokens_used >= 800, .step, .message[0:17]] | tojson' \
	'[true,1,"Cycle 1 has used "]' .stepgate/reports.jsonl
expect_json 'select(.event == "step") | .failure' budget_exhausted .stepgate/reports.jsonl
expect "the program" "$(jq -r .event "$HOME/warned")" warn

# One token below warn nothing is told; above it, it is, also where the step has ended meanwhile.
write_config stepgate.conf << 'END'
budget { tokens = 1000 hard = 90 warn = 80 }
step "Little" { shell = "echo '{\"tokens\": 799}' >&$STEPGATE_USAGE_FD" }
report "file" { path = ".stepgate/more.jsonl" on = {"warn"} }
END
expect_exit 0 run --accept
[[ ! -e .stepgate/more.jsonl ]] || fail "799 of 1000 is no 80 %"
sed -i 's/Little/Much/; s/799/950/; s/hard = 90/hard = 0/' stepgate.conf
expect_exit 0 run --accept
expect_json '[.event, .tokens_used] | tojson' '["warn",950]' .stepgate/more.jsonl

# hard = 0 is never; the budget's end is where it stands without a word.
write_config stepgate.conf << 'END'
budget { tokens = 1000 hard = 0 }
step "Without end" { shell = "echo '{\"tokens\": 5000}' >&$STEPGATE_USAGE_FD; sleep 0.6; echo done" }
END
expect_exit 0 run --accept
sed -i 's/hard = 0/threshold = 95/; s/Without end/With an end/; s/sleep 0.6/sleep 100/' stepgate.conf
expect_exit 1 run --accept
expect_in_stderr 'budget exhausted in mid-step: 5,000 of 1,000 tokens (hard = 100%)'

# What was used before counts; a retry finds the gate shut.
write_config stepgate.conf << 'END'
budget { tokens = 1000 threshold = 50 }
on_failure = "retry"
step "First" { shell = "echo '{\"tokens\": 400}' >&$STEPGATE_USAGE_FD" }
step "Second" { shell = "echo '{\"tokens\": 600}' >&$STEPGATE_USAGE_FD; sleep 100" }
END
expect_exit 0 run --accept
expect_line 'Step 2 completed: Tokens: 100.0%; Status: NOK, not committed'
expect_line 'Cycle 6 closed: Token threshold exceeded: 100.0%'

# A worker that does not hear is killed when its grace is over.
write_config stepgate.conf << 'END'
budget { tokens = 1000 }
step "Deaf" {
	shell = "trap '' TERM; echo '{\"tokens_delta\": 1000}' >&$STEPGATE_USAGE_FD; while :; do sleep 1; done"
	grace = "100ms"
}
END
expect_exit 1 run --accept
expect_in_stderr 'budget exhausted in mid-step'
exit 0
