#!/bin/bash
# The MCP server as an agent's client meets it: a session from its greeting to its last step, what is
# refused and in which words, and what comes in that is no message at all.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1

# Lines to the server, and its answers, which are one for each request.
talk() # LINE...
{
	printf '%s\n' "$@" > "$TMPDIR/asked"
	last="stepgate mcp ${options[*]}"
	"$STEPGATE" mcp "${options[@]}" < "$TMPDIR/asked" > "$out" 2> "$errors"
	code=$?
	[[ $code -eq 0 ]] || fail "stepgate mcp: exit code $code"
	expect_stderr ''
	jq -e . "$out" > "$TMPDIR/pretty" || fail "an answer is not JSON"
}
options=()
hello='{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}'
ready='{"jsonrpc":"2.0","method":"notifications/initialized"}'

use() # ID TOOL ARGUMENTS
{
	printf '{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":"%s","arguments":%s}}' \
		"$1" "$2" "$3"
}

# What a tool said in the answer to ID, and whether that is a refusal.
said() # ID
{
	jq -r "select(.id == $1) | .result.content[0].text" "$out"
}
refused() # ID
{
	jq -r "select(.id == $1) | .result.isError" "$out"
}
expect_said() # ID REFUSED TEXT
{
	expect "isError of $1" "$(refused "$1")" "$2"
	[[ $(said "$1") == *"$3"* ]] || fail "the answer to $1 is not: $3"
}

# The greeting; notifications are not answered; ids come back as they are.
talk "$hello" "$ready" '{"jsonrpc":"2.0","id":"a\"b","method":"ping"}' \
	'{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}' \
	'{"jsonrpc":"2.0","id":1,"method":"tools/list"}' \
	'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}'
expect "answers" "$(wc -l < "$out")" 4
expect_json 'select(.id == 0) | .result | [.protocolVersion, .serverInfo.name, (.capabilities | keys[0])] | join(" ")' \
	'2025-06-18 stepgate tools'
expect_line '{"jsonrpc":"2.0","id":"a\"b","result":{}}'
expect_line '{"jsonrpc":"2.0","id":9007199254740993,"result":{}}'
expect_json 'select(.id == 1) | [.result.tools[].name] | join(" ")' \
	'start_cycle check_budget begin_step finish_step end_cycle report status'
expect_json 'select(.id == 1) | .result.tools[] | select(.name == "finish_step") | .inputSchema |
	[.type, (.required | join("+")), .properties.tokens.type, .additionalProperties] | join(" ")' \
	'object description+tokens integer false'

# Which revision: the one asked for where it is known, else the newest.
talk "${hello/2025-06-18/2024-11-05}"
expect_json .result.protocolVersion 2024-11-05
talk "${hello/2025-06-18/1999-01-01}"
expect_json .result.protocolVersion 2025-06-18

# A session. Each verb says what to do instead, by the names of its tools.
talk "$hello" "$ready" \
	"$(use 1 begin_step '{}')" \
	"$(use 2 check_budget '{}')" \
	"$(use 3 status '{}')" \
	"$(use 4 start_cycle '{"task": "Build it", "budget": 100000, "threshold": 40}')" \
	"$(use 5 start_cycle '{"task": "Again"}')" \
	"$(use 6 finish_step '{"description": "x", "tokens": 1}')" \
	"$(use 7 begin_step '{"description": "--failed"}')" \
	"$(use 8 begin_step '{}')" \
	"$(use 9 report '{"message": "--half way"}')"
expect_said 1 true 'begin one with the tool start_cycle'
expect_said 2 true 'begin one with the tool start_cycle'
expect_said 3 false '{'
expect_said 4 false 'Cycle 1 started: 100,000 tokens, limit 40,000 (40%)'
expect_said 5 true 'cycle 1 is open: end it first with the tool end_cycle'
expect_said 6 true 'no step is under way: begin one first'
expect_said 7 false 'Starting Step 1: Tokens at 0.0%'
expect_said 8 true 'a step is under way'
expect_said 9 false ''
expect "the message" "$(sqlite3 .stepgate/state.db "SELECT text FROM message WHERE kind = 'agent'")" \
	'--half way'

# Nothing is held between calls, and a new server takes up the cycle.
echo reader > reader
talk "$hello" "$(use 1 finish_step '{"description": "The reader", "tokens": 25000}')" \
	"$(use 2 check_budget '{}')" "$(use 3 check_budget '{"tokens": 40000}')" \
	"$(use 4 check_budget '{"tokens": 7}')" "$(use 5 status '{}')"
expect_said 1 false 'Step 1 completed: Tokens: 25.0%; Status: OK, updated & pushed'
expect "the work" "$(git -C ../repo.git show main:reader)" reader
for pair in '2 25000 true' '3 40000 false' '4 25000 true'; do
	read -r id tokens may <<< "$pair"
	expect_json "select(.id == $id) | .result | [.isError, .structuredContent.current_tokens,
		.structuredContent.can_proceed] | join(\" \")" "false $tokens $may"
done
expect_json 'select(.id == 5) | .result.structuredContent | [.cycle_number, .steps_completed[0].description] | join(" ")' \
	'1 The reader'

# At the threshold the cycle closes, and this session gets no other; the next one does.
talk "$hello" "$(use 1 begin_step '{}')" \
	"$(use 2 finish_step '{"description": "The writer", "tokens": 41000}')" \
	"$(use 3 begin_step '{}')" "$(use 4 start_cycle '{"task": "More"}')"
expect_said 2 false 'Cycle 1 closed: Token threshold exceeded: 41.0%'
expect_said 3 true 'no cycle is open'
expect_said 4 true 'the next cycle is for a new session'
options=(--no-push)
talk "$hello" "$(use 1 start_cycle '{"task": "More"}')" "$(use 2 begin_step '{}')" \
	"$(use 3 finish_step '{"description": "Nothing", "tokens": 5, "failed": true}')" \
	"$(use 4 end_cycle '{"reason": "whatever"}')" "$(use 5 end_cycle '{"reason": "completed"}')"
options=()
expect_said 1 false 'Cycle 2 started'
expect_said 3 true 'Status: NOK'
expect_said 4 true 'not one of completed, threshold, user, error'
expect_said 5 false 'Cycle 2 closed: All work completed'

# Settings of a config file; while a run has the repository, a tool says so.
write_config agent.conf << 'END'
budget { tokens = 5000 }
step "x" { command = {"true"} }
END
options=(--config agent.conf)
talk "$hello" "$(use 1 start_cycle '{"task": "Small"}')" "$(use 2 end_cycle '{"reason": "user"}')"
expect_said 1 false 'Cycle 3 started: 5,000 tokens'
options=()

# Arguments that are none: words for the model, and nothing was done.
talk "$hello" "$(use 1 finish_step '{"tokens": 1}')" \
	"$(use 2 finish_step '{"description": "x", "tokens": -1}')" \
	"$(use 3 finish_step '{"description": "x", "tokens": "1"}')" \
	"$(use 4 report '{"message": 7}')" "$(use 5 report '{"message": "x", "extra": 1}')" \
	"$(use 6 finish_step '{"description": "x", "tokens": 1, "failed": 1}')" \
	"$(use 7 report "{\"message\": \"$(printf '%05000d' 0)\"}")" "$(use 8 report '{"message": ""}')"
expect_said 1 true 'finish_step: description is missing: what was done'
expect_said 2 true 'finish_step: tokens: a whole number, 0 or more'
expect_said 3 true 'finish_step: tokens: a whole number, 0 or more'
expect_said 4 true 'report: message: a text of at most 4000 bytes'
expect_said 5 true 'report: it has no argument "extra"'
expect_said 6 true 'finish_step: failed: true or false'
expect_said 7 true 'report: message: a text of at most 4000 bytes'
expect_said 8 true 'there is nothing in it to be read'

# What is no message: an error of the protocol, and the next line is read all the same.
error_of() # LINE
{
	talk "$hello" "$1" '{"jsonrpc":"2.0","id":99,"method":"ping"}'
	expect_line '{"jsonrpc":"2.0","id":99,"result":{}}'
	jq -r 'select(.error) | "\(.id) \(.error.code)"' "$out"
}
while IFS=$'\t' read -r wanted line; do
	expect "the answer to $line" "$(error_of "$line")" "$wanted"
done << 'END'
null -32700	{"jsonrpc":"2.0","id":1,
null -32700	garbage
null -32700	{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}
null -32600	{}
null -32600	[]
null -32600	{"jsonrpc":"2.0","id":null,"method":"ping"}
null -32600	{"jsonrpc":"2.0","id":{},"method":"ping"}
1 -32600	{"jsonrpc":"1.0","id":1,"method":"ping"}
1 -32600	{"jsonrpc":"2.0","id":1,"method":7}
1 -32601	{"jsonrpc":"2.0","id":1,"method":"resources/list"}
1 -32602	{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}
1 -32602	{"jsonrpc":"2.0","id":1,"method":"tools/call"}
1 -32602	{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}
1 -32602	{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"status","arguments":[]}}
1 -32602	{"jsonrpc":"2.0","id":1,"method":"initialize"}
END
expect "an answer to us" "$(error_of '{"jsonrpc":"2.0","id":5,"result":{}}')" ''
expect "a notification of an unknown kind" "$(error_of '{"jsonrpc":"2.0","method":"x/y"}')" ''
expect "a line of 3 MB" "$(error_of "$(head -c 3000000 /dev/zero | tr '\0' x)")" 'null -32600'
talk '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' '{"jsonrpc":"2.0","id":2,"method":"ping"}'
expect_json 'select(.id == 1) | .error.message' 'initialize comes first'
expect_json 'select(.id == 2) | .result | tojson' '{}'

# A batch is answered by one line, its notifications not; a last line without a newline counts.
talk "$hello" "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},$ready,3]"
expect "the batch" "$(tail -n 1 "$out" | jq -r '[.[] | "\(.id) \(.error.code // "ok")"] | join(", ")')" \
	'1 ok, null -32600'
printf '%s\n%s' "$hello" '{"jsonrpc":"2.0","id":1,"method":"ping"}' | "$STEPGATE" mcp > "$out"
expect "answers" "$(wc -l < "$out")" 2

# A client that is gone ends it, with an error and no signal.
(printf '%s\n' "$hello"; printf '%s\n' "$hello") | "$STEPGATE" mcp 2> "$errors" > /dev/full
expect "the exit code" "${PIPESTATUS[1]}" 1
expect_in_stderr "stdout: can't be written"
exit 0
