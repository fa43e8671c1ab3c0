#!/bin/bash
# What an agent fails of has a type: in the step's record, the reports, the metrics and what the monitor
# tells. The agent here is a script that ends as Claude Code does; agent_*.sh have the real ones.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
doc=status/EE_CYCLE_STATUS.json
mkdir "$HOME/bin"
cat > "$HOME/bin/claude" << 'END'
#!/bin/bash
# The last word is the prompt: what its result says.
echo '{"type":"system","subtype":"init","session_id":"s"}'
echo '{"type":"result","session_id":"s","modelUsage":{"m":{"inputTokens":10,"cacheReadInputTokens":0,"cacheCreationInputTokens":0,"outputTokens":5}},"usage":{"input_tokens":10,"output_tokens":5},'"${*: -1}"'}'
[[ ${*: -1} == *'"is_error":false'* ]] || exit 1
END
chmod +x "$HOME/bin/claude"

# Type, and what the result says.
types=(
	'rate_limited "is_error":true,"api_error_status":429,"subtype":"success"'
	'rate_limited "is_error":true,"api_error_status":529,"subtype":"success"'
	'context_full "is_error":true,"subtype":"success","terminal_reason":"prompt_too_long"'
	'authentication "is_error":true,"api_error_status":401,"subtype":"success"'
	'turn_limit "is_error":true,"subtype":"error_max_turns"'
	'refused "is_error":true,"subtype":"success","stop_reason":"refusal"'
	'crashed "is_error":true,"api_error_status":500,"subtype":"success"'
	'- "is_error":false,"subtype":"success"'
	'usage_limit "is_error":true,"api_error_status":429,"subtype":"success","result":"You have hit your weekly limit"'
)
{
	echo "path = \"$HOME/bin:$PATH\""
	echo 'on_failure = "skip"'
	echo 'report "file" { path = ".stepgate/reports.jsonl" on = {"step"} }'
	for i in "${!types[@]}"; do
		echo "${types[i]#* }" > "words.$i"
		echo "step \"$i\" { agent = \"claude\" prompt_file = \"words.$i\" }"
	done
	echo 'step "Plain" { command = {"false"} }'
} > stepgate.conf
git add -A && git commit -q -m Config && git push -q
expect_exit 1 run
wanted=$(printf '%s\n' "${types[@]%% *}" | tr '\n' ' ')
expect "the document" "$(jq -r '[.steps_completed[] | .failure // "-"] | join(" ")' $doc) " "$wanted"
expect "the reports" "$(jq -r '.failure // "-"' .stepgate/reports.jsonl | tr '\n' ' ')" "$wanted"
expect "the journal" "$(sqlite3 .stepgate/state.db "SELECT coalesce(failure, '-') FROM step ORDER BY id" | tr '\n' ' ')" "$wanted"
# A usage limit is no matter of skipping.
expect_line 'Cycle 1 closed: Error encountered'

failures() # TYPE NUMBER
{
	expect_line "stepgate_step_failures_total{repository=\"repo\",failure=\"$1\"} $2"
}
expect_exit 0 metrics
failures rate_limited 2
for type in usage_limit context_full authentication turn_limit refused crashed; do
	failures $type 1
done
failures interrupted 0
failures budget_exhausted 0
failures other 0
expect_line 'stepgate_steps_total{repository="repo",status="nok"} 8'

# A command has no such words; the budget has.
write_config stepgate.conf << 'END'
budget { tokens = 1000 }
on_failure = "skip"
step "Plain" { command = {"false"} }
step "Much" { shell = "echo '{\"tokens\": 1000}' >&$STEPGATE_USAGE_FD; sleep 100" }
END
expect_exit 0 run --accept
expect_exit 0 metrics
failures other 1
failures budget_exhausted 1
exit 0
