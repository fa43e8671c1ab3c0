# shellcheck shell=bash
# Sourced by the tests of real agent programs, behind tests/lib.sh. The program is what npm gives for
# tests/agents/NAME, the service that it asks tests/agents/api.mjs: no key, no network but loopback.

# In a network of its own where that can be had: then nothing else can be asked.
if [[ ! ${APART:-} ]] && unshare -n true 2> /dev/null; then
	APART=1 exec unshare -n "$0"
fi
[[ ! ${APART:-} ]] || /usr/bin/python3 - << 'END' || fail "loopback can't be brought up"
import fcntl, socket, struct
up, set_flags = 0x1, 0x8914 # IFF_UP, SIOCSIFFLAGS: netdevice(7)
fcntl.ioctl(socket.socket(), set_flags, struct.pack("16sh14x", b"lo", up))
END

api_pid= port= calls=$TMPDIR/calls mark=stepgate-$$-$RANDOM
doc=status/EE_CYCLE_STATUS.json

api_stop()
{
	[[ ! $api_pid ]] || kill "$api_pid" 2> /dev/null
	wait
}

# Makes the program NAME one of $HOME/bin, starts the service and enters a repository whose config
# begins with what the agent needs. $agent is its name from here on.
agent_begin() # NAME
{
	local installed
	agent=$1
	installed=$(dirname "$BUILD")/agents/$agent
	command -v node > /dev/null || skip "no node"
	[[ -d $installed/node_modules ]] || skip "no $agent: $installed/npm.log may say why"
	local program
	case $agent in
	claude) program=@anthropic-ai/claude-code-linux-*/claude ;;
	codex) program=@openai/codex/bin/codex.js ;;
	gemini) program=@google/gemini-cli/bundle/gemini.js ;;
	opencode) program=opencode-linux-*/bin/opencode ;;
	esac
	# What the packages' own install scripts would link: the first that is for this machine.
	program=$(compgen -G "$installed/node_modules/$program" | sort | head -n 1)
	[[ -x $program ]] || skip "npm has no $agent for $(uname -m)"
	mkdir "$HOME/bin" && ln -s "$program" "$HOME/bin/$agent" || fail "no link to $program"

	trap api_stop EXIT
	node "$SRC/tests/agents/api.mjs" "$TMPDIR/port" "$calls" > "$TMPDIR/api.out" 2>&1 < /dev/null &
	api_pid=$!
	wait_for 20 test -s "$TMPDIR/port"
	port=$(cat "$TMPDIR/port")
	make_repository repo
	cd repo || exit 1
	"configure_$agent"
	: > "$calls"
}

# What each is told of its service, and to leave all others alone. $settings are for its environment,
# $model and $arguments for its steps; $may_run for those that are to run commands.
configure_claude()
{
	settings=("ANTHROPIC_BASE_URL=http://127.0.0.1:$port" CLAUDE_CODE_OAUTH_TOKEN=dummy
		CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 CLAUDE_CODE_MAX_RETRIES=1 ENABLE_TOOL_SEARCH=false)
	model=sonnet arguments= may_run='"--allowedTools", "Bash,mcp__stepgate"' folder=$HOME/.claude
}

configure_codex()
{
	settings=(KEY=dummy)
	model=gpt-5 arguments= may_run= folder=$HOME/.codex
	mkdir -p "$folder" && cat > "$folder/config.toml" << END
model_provider = "stand-in"
[model_providers.stand-in]
name = "stand-in"
base_url = "http://127.0.0.1:$port/v1"
env_key = "KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
END
}

configure_gemini()
{
	settings=("GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:$port" GEMINI_API_KEY=dummy NO_UPDATE_NOTIFIER=1)
	model=gemini-2.5-pro arguments= may_run='"--yolo"' folder=$HOME/.gemini
	mkdir -p "$folder" && cat > "$folder/settings.json" << 'END'
{"security": {"auth": {"selectedType": "gemini-api-key"}}, "privacy": {"usageStatisticsEnabled": false},
 "general": {"maxAttempts": 2}}
END
}

configure_opencode()
{
	settings=(OPENCODE_DISABLE_MODELS_FETCH=1 OPENCODE_DISABLE_LSP_DOWNLOAD=1 OPENCODE_DISABLE_DEFAULT_PLUGINS=1)
	model=stand-in/m arguments= may_run= folder=$HOME/.local/share
	mkdir -p "$HOME/.config/opencode" && cat > "$HOME/.config/opencode/opencode.json" << END
{"provider": {
	"stand-in": {
		"npm": "@ai-sdk/anthropic", "options": {"baseURL": "http://127.0.0.1:$port/v1", "apiKey": "dummy"},
		"models": {"m": {"limit": {"context": 200000, "output": 8000}}}},
	"second": {
		"npm": "@ai-sdk/openai", "options": {"baseURL": "http://127.0.0.1:$port/v1", "apiKey": "dummy"},
		"models": {"m": {"limit": {"context": 200000, "output": 8000}}}}}}
END
}

# The config of what stdin says, with step TITLE PROMPT [MORE] made a step of the agent.
agent_config()
{
	local verb rest list
	printf -v list '"%s", ' "${settings[@]}"
	{
		echo "path = \"$HOME/bin:$PATH\""
		echo "environment = {${list}\"MARK=$mark\"}"
		cat
	} > stepgate.conf
	git add -A && git commit -q -m Config && git push -q || fail "can't commit"
}

step() # TITLE PROMPT [MORE...]
{
	echo "step \"$1\" { agent = \"$agent\" model = \"$model\" prompt = \"$2\" ${*:3} }"
}

# What the service said that was used, from its line FROM on: all, or each token once.
truth() # all|fresh [FROM]
{
	tail -n +"${2:-1}" "$calls" | jq -s --arg what "$1" 'map(select(.output)) |
		(map(.input + .written + .output) | add // 0) +
		(if $what == "all" then map(.read) | add // 0 else 0 end)'
}

# Processes that the config's steps began, by a variable of their environment.
left_running()
{
	grep -lsz "^MARK=$mark" /proc/[0-9]*/environ 2> /dev/null
}

# Of what the slow ones do besides, the seed draws one; a soak does all.
agent_drawn() # WHICH
{
	[[ ${SOAK:-} || $((SEED % 6)) -eq $1 ]]
}

# Three steps, the third of which goes on with the second's session: each writes a file by a tool, is
# committed and pushed, and is charged what its own calls used.
agent_cycle()
{
	local parts
	agent_config << END
budget { tokens = 100000 }
$(step One "[[write $PWD/one.txt]]")
$(step Two "[[write $PWD/two.txt]]")
$(step Three "[[write $PWD/three.txt]]" 'session = "continue"')
END
	expect_exit 0 plan --json
	expect_json '.agents[0] | [.agent, .version] | join(" ")' \
		"$agent $(jq -r '.dependencies[]' "$SRC/tests/agents/$agent/package.json")"
	expect_exit 0 run
	expect_stderr ''
	expect "the calls" "$(jq -r .act "$calls" | tr '\n' ' ')" 'write say write say write say '
	expect "the commits" "$(upstream_subjects ../repo | tail -n 4 | tr '\n' ';')" \
		'Step 1: One;Step 2: Two;Step 3: Three;Cycle 1 closed: All work completed;'
	expect "the files" "$(git -C ../repo.git show main:one.txt main:two.txt main:three.txt | sort -u)" 'by the agent'
	# Two calls a step, so far as the cycle was after it; nothing in it is a guess.
	expect "the usage" "$(jq -c '[.steps_completed[].tokens_used]' "$doc")" \
		"$(jq -s -c 'map(.input + .written + .output) | [.[:2], .[:4], .] | map(add)' "$calls")"
	expect "estimates" "$(sqlite3 .stepgate/state.db 'SELECT sum(estimated) FROM step')" 0
	expect "sessions" "$(sqlite3 .stepgate/state.db 'SELECT count(DISTINCT session) FROM step')" 2
	# The parts of a step's usage, and no token in two of them. Gemini tells of nothing written.
	parts=$(jq -s -c '.[:2] | {input: map(.input) | add, cache_read: map(.read) | add,
		cache_write: map(.written) | add, output: map(.output) | add}' "$calls")
	[[ $agent != gemini ]] || parts=$(jq -c '.input += .cache_write | .cache_write = 0' <<< "$parts")
	expect_exit 0 meter "$agent" .stepgate/logs/cycle-0001/step-01.log --files "$folder" --json
	expect "the parts" "$(jq -c .usage "$out")" "$parts"
	expect_json '[.ended, .quality] | join(" ")' 'completed exact'
}

# A step that leaves a process behind, reaches the budget and would go on for ever: it is stopped, with
# all that came of it, charged what was used, and its work kept off the branch.
agent_killed()
{
	local own used from
	from=$(($(wc -l < "$calls") + 1))
	agent_config << END
budget { tokens = 100000 hard = 50 }
$(step Spend "[[run setsid sleep 1000 > /dev/null 2>&1 < /dev/null & echo \$! > daemon.pid; write $PWD/spent.txt @60000; hang]]" \
		"${may_run:+arguments = {$may_run\}}")
END
	expect_exit 1 run --accept
	expect_in_stderr 'budget exhausted in mid-step: '
	expect "what is left running" "$(left_running)" ''
	[[ -s daemon.pid ]] || fail "it ran no command"
	expect_json '.steps_completed[-1] | [.status, .action, .failure] | join("; ")' \
		'NOK; not committed; budget_exhausted' "$doc"
	own=$(sqlite3 .stepgate/state.db "SELECT own FROM step WHERE title = 'Spend'")
	used=$(truth fresh "$from")
	# OpenCode tells nowhere of a call that is under way: that one is guessed, and more than it was.
	[[ $own -eq $used || ($agent == opencode && $own -ge $used) ]] || fail "it used $used, not $own"
	git -C ../repo.git cat-file -e main:spent.txt 2> /dev/null && fail "failed work is on the branch"
	rm -f daemon.pid spent.txt
}

# What a failure of the service is called, in the record and the reports.
agent_fails() # ACT FAILURE [MORE...]
{
	agent_config << END
budget { tokens = 100000 }
$(step "Meets $1" "[[$1]]" 'timeout = "100s"' "${@:3}")
report "file" { path = ".stepgate/reports.jsonl" }
END
	expect_exit 1 run --accept
	expect_json '.steps_completed[-1] | [.status, .failure] | join("; ")' "NOK; $2" "$doc"
	expect "the report's failure" "$(jq -rs 'map(select(.event == "step"))[-1].failure' .stepgate/reports.jsonl)" "$2"
	expect "what is left running" "$(left_running)" ''
}

# The agent by itself, as a user starts it, in the folder that we are in.
agent_ask() # PROMPT
{
	local words
	case $agent in
	claude) words=(claude -p --model "$model" --allowedTools mcp__stepgate,Write --) ;;
	codex) words=(codex exec -m "$model" --sandbox workspace-write --) ;;
	gemini) words=(gemini --approval-mode=auto_edit -m "$model" -p) ;;
	opencode)
		agent_program opencode run --auto -m "$model" --title Tools <<< "$1" > "$out" 2> "$errors"
		code=$? last="opencode run"
		return
		;;
	esac
	run agent_program "${words[@]}" "$1"
}

agent_program() # COMMAND...
{
	env "${settings[@]}" GEMINI_CLI_TRUST_WORKSPACE=true "MARK=$mark" \
		PATH="$HOME/bin:$(dirname "$STEPGATE"):$PATH" timeout 100 "$@"
}

# The line of configuration that the manual has for each.
agent_add_mcp()
{
	case $agent in
	claude) agent_program claude mcp add --scope project stepgate -- stepgate mcp ;;
	codex) cat >> "$folder/config.toml" << 'END'
[mcp_servers.stepgate]
command = "stepgate"
args = ["mcp"]
tool_timeout_sec = 300
default_tools_approval_mode = "approve"
END
		;;
	gemini) agent_program gemini mcp add --trust stepgate stepgate mcp ;;
	opencode) jq '.mcp = {"stepgate": {"type": "local", "command": ["stepgate", "mcp"]}}' \
		"$HOME/.config/opencode/opencode.json" > "$TMPDIR/new" &&
		mv "$TMPDIR/new" "$HOME/.config/opencode/opencode.json" ;;
	esac
}

# It drives a cycle by the tools of `stepgate mcp`: what is out of order is refused, in words that it
# is given; its step is committed and pushed.
agent_drives()
{
	agent_add_mcp > /dev/null 2>&1 < /dev/null || fail "the server can't be added"
	: > "$calls"
	agent_ask "[[call start_cycle {\"task\": \"Tools\"}; call finish_step {\"description\": \"Early\", \"tokens\": 1}; call begin_step {}; write $PWD/driven.txt; call finish_step {\"description\": \"Driven\", \"tokens\": 1200}; call check_budget {}; call end_cycle {\"reason\": \"completed\"}]]"
	[[ $code -eq 0 ]] || fail "$agent ended with $code"
	expect "the calls" "$(jq -r .act "$calls" | tr '\n' ' ')" 'call call call write call call call say '
	grep -q 'is in PRECHECK: no step is under way: begin one first' "$calls" ||
		fail "it was not told why it can't finish what it has not begun: $(cat "$calls")"
	expect_json '[.close_reason, (.steps_completed[] | .description, .tokens_used, .action)] | join("; ")' \
		'All work completed; Driven; 1200; updated & pushed' $doc
	expect "the commits" "$(upstream_subjects ../repo | tail -n 2 | sed 's/Cycle [0-9]*/Cycle N/' | tr '\n' ';')" \
		'Step 1: Driven;Cycle N closed: All work completed;'
	expect "the file" "$(git -C ../repo.git show main:driven.txt)" 'by the agent'
}

agent_limited()
{
	local before told
	before=$(date +%s)
	# Of a service that tells it when to ask again OpenCode waits for that, and says nothing.
	[[ $agent != opencode ]] || model=second/m
	agent_fails 'limit 3600' usage_limit
	told=$(jq -rs 'map(select(.event == "step"))[-1].resets_at' .stepgate/reports.jsonl)
	expect_json .next_action "From $told on, when the usage limit is reset: start the next cycle with step 1: Meets limit 3600" "$doc"
	told=$(date -d "$told" +%s)
	[[ $told -ge $((before + 3600)) && $told -le $(($(date +%s) + 3601)) ]] || fail "it resets at $told, not in an hour"
	agent_fails busy rate_limited
}

# The other failures that all tell.
agent_fails_otherwise()
{
	agent_fails locked authentication
	agent_fails full context_full
	agent_fails down crashed
}
