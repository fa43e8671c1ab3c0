#!/bin/bash
# A step whose agent has reached its usage limit: the cycle closes with the time when that is reset as
# its next action, and --until-done waits for it as long as wait_for_reset allows. The agents here are
# scripts that print what the real ones do; those are in agent_*.sh.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
doc=status/EE_CYCLE_STATUS.json
mkdir "$HOME/bin"

# One that is limited as often as $HOME/left says, until so many seconds from then.
cat > "$HOME/bin/claude" << 'END'
#!/bin/bash
left=$(cat "$HOME/left")
echo "$left" >> "$HOME/ran"
echo '{"type":"system","subtype":"init","session_id":"s"}'
figures='"modelUsage":{"m":{"inputTokens":10,"cacheReadInputTokens":0,"cacheCreationInputTokens":0,"outputTokens":5}},"usage":{"input_tokens":10,"output_tokens":5}'
if [[ $left -eq 0 ]]; then
	echo '{"type":"result","subtype":"success","is_error":false,"session_id":"s",'"$figures"'}'
	exit 0
fi
echo $((left - 1)) > "$HOME/left"
resets=$(($(date +%s) + $(cat "$HOME/seconds")))
echo "$resets" >> "$HOME/told"
echo '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":'$resets'},"session_id":"s"}'
echo '{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"You have hit your 5-hour limit","session_id":"s",'"$figures"'}'
exit 1
END
chmod +x "$HOME/bin/claude"
config() # WAIT
{
	write_config stepgate.conf << END
path = "$HOME/bin:$PATH"
wait_for_reset = "$1"
step "First" { agent = "claude" prompt = "x" }
step "Second" { command = {"true"} }
report "file" { path = ".stepgate/reports.jsonl" }
END
	git add -A && git commit -q -m Config && git push -q
}
iso() # SECONDS
{
	date -u -d "@$1" +%Y-%m-%dT%H:%M:%S.000000Z
}

# Without --until-done, and where the wait would be longer than is allowed: it closes.
config 10s
echo 1 > "$HOME/left"; echo 3600 > "$HOME/seconds"
expect_exit 1 run
told=$(iso "$(tail -n 1 "$HOME/told")")
expect_stdout 'Starting Step 1: Tokens at 0.0%
Step 1 completed: Tokens: 0.0%; Status: NOK, not committed
Cycle 1 closed: Error encountered'
expect_in_stderr "step 1: usage limit reached, resets at $told"
expect_json .next_action "From $told on, when the usage limit is reset: start the next cycle with step 1: First" $doc
expect_json '.steps_completed[0].failure' usage_limit $doc
expect "the report" "$(jq -r 'select(.event == "step") | [.failure, .resets_at] | join(" ")' .stepgate/reports.jsonl)" \
	"usage_limit $told"
echo 1 > "$HOME/left"
expect_exit 1 run --until-done
expect "how often it ran" "$(wc -l < "$HOME/ran")" 2

# It waits, says until when, and goes on in a new cycle.
echo 1 > "$HOME/left"; echo 1 > "$HOME/seconds"; : > "$HOME/ran"
expect_exit 0 run --until-done
told=$(tail -n 1 "$HOME/told")
expect_in_stderr "stepgate: the usage limit is reset at $(iso "$told"): waiting for "
[[ $(date +%s) -gt $told ]] || fail "it did not wait"
expect_line 'Cycle 4 closed: All work completed'
expect "how often it ran" "$(tr '\n' ' ' < "$HOME/ran")" '1 0 '

# A limit that is met again behind the wait is no matter of waiting.
sed -i 's/First/Third/' stepgate.conf
echo 9 > "$HOME/left"; : > "$HOME/ran"
expect_exit 1 run --until-done --accept
expect "how often it ran" "$(tr '\n' ' ' < "$HOME/ran")" '9 8 '

# A stop ends the wait.
echo 1 > "$HOME/left"; echo 3600 > "$HOME/seconds"
sed -i 's/Third/Fourth/' stepgate.conf
config 2h
"$STEPGATE" run --until-done --accept > stopped.out 2> stopped.err < /dev/null &
wait_for 20 grep -q 'waiting for' stopped.err
kill -TERM $!
wait $!
expect "the exit code" $? 1

# Where words alone tell it. Codex says the local time, by the minute.
cat > "$HOME/bin/codex" << 'END'
#!/bin/sh
echo '{"type":"thread.started","thread_id":"t"}'
echo '{"type":"turn.started"}'
echo '{"type":"turn.failed","error":{"message":"You’ve hit your usage limit. Upgrade to Pro (https://chatgpt.com/explore/pro), visit https://chatgpt.com/settings/usage to purchase more credits or try again at Mar 17th, 2030 5:46 PM."}}'
exit 1
END
chmod +x "$HOME/bin/codex"
write_config stepgate.conf << END
path = "$HOME/bin:$PATH"
environment = {"TZ=UTC"}
budget { on_unknown = "zero" }
step "In words" { agent = "codex" prompt = "x" }
END
git add -A && git commit -q -m Config && git push -q
export TZ=UTC
expect_exit 1 run --accept
expect_json .next_action 'From 2030-03-17T17:47:00.000000Z on, when the usage limit is reset: start the next cycle with step 1: In words' $doc
# So does `stepgate meter`, of what was printed at a time that is told.
printf '%s\n' '{"type":"init","session_id":"s","timestamp":"2026-11-24T23:16:22.000Z"}' \
	'{"type":"result","timestamp":"2026-11-24T23:16:22.500Z","status":"error","error":{"message":"[API Error: You exceeded your current quota.\nSuggested retry after 3600s.]\nPlease wait and try again later. To increase your limits, request a quota increase through AI Studio"},"stats":{"total_tokens":0,"input_tokens":0,"cached":0}}' > words
expect_exit 0 meter gemini words --json
expect_json '[.ended, .resets_at] | join(" ")' "usage_limit $(date -d 2026-11-25T00:16:22Z +%s)"
# Its advice speaks of quotas whatever the matter is.
sed -i 's/You exceeded your current quota.*3600s/Too many requests/' words
expect_exit 0 meter gemini words --json
expect_json '[.ended, .resets_at] | join(" ")' 'rate_limited '
echo '{"type":"result","subtype":"success","is_error":true,"result":"Claude AI usage limit reached|1900000000","session_id":"s","modelUsage":{},"usage":{"input_tokens":0,"output_tokens":0}}' > words
expect_exit 0 meter claude words --json
expect_json '[.ended, .resets_at] | join(" ")' 'usage_limit 1900000000'
printf '%s\n' '{"type":"error","sessionID":"s","error":{"name":"APIError","data":{"message":"The usage limit has been reached","statusCode":429,"responseBody":"{\"error\":{\"type\":\"usage_limit_reached\",\"resets_at\":1900000000}}"}}}' > words
expect_exit 0 meter opencode words --json
expect_json '[.ended, .resets_at] | join(" ")' 'usage_limit 1900000000'
exit 0
