#!/bin/bash
# A step that an agent does: which program is started with which words, what is shown of it before, and
# how its sessions are gone on with. The agents here are scripts that write down what they are given.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
doc=status/EE_CYCLE_STATUS.json

mkdir -p "$HOME/package/bin" "$HOME/bin"
echo '{"name": "agent", "version": "7.8.9"}' > "$HOME/package/package.json"
cat > "$HOME/package/bin/agent" << 'END'
#!/bin/bash
(printf '%s' "$(basename "$0")"; printf '|%s' "$@"; sed 's/^/<&/'; echo) >> "$HOME/ran"
env | grep -E '^(DISABLE_AUTOUPDATER|OPENCODE_DISABLE|GEMINI_CLI_TRUST)' >> "$HOME/set"
echo '{"tokens": 100}' >&$STEPGATE_USAGE_FD
exit "${AGENT_EXIT:-0}"
END
chmod +x "$HOME/package/bin/agent"
for agent in claude codex gemini opencode; do
	ln -s "$HOME/package/bin/agent" "$HOME/bin/$agent"
done

write_config stepgate.conf << END
path = "$HOME/bin:/usr/bin:/bin"
budget { tokens = 10000 }
step "One" { agent = "claude" meter = "command" meter_command = {"echo", "100"} prompt = "Step {step} of cycle {cycle}: {title}; {used} of {limit} {as it stands}" }
step "Two" { agent = "codex" meter = "command" meter_command = {"echo", "100"} prompt_file = "prompt.md" model = "m" }
step "Three" { agent = "gemini" meter = "command" meter_command = {"echo", "100"} prompt = "{used}" arguments = {"--yolo"} }
step "Four" { agent = "opencode" meter = "command" meter_command = {"echo", "100"} prompt = "--help" session = "continue" }
END
echo 'a prompt for {title}' > prompt.md
git add -A && git commit -q -m Config && git push -q

# What is shown before anything runs.
expect_exit 0 validate
for agent in claude codex gemini opencode; do
	expect_line "Agent: $agent 7.8.9, $HOME/bin/$agent"
done
expect_exit 0 validate --json
expect_json '[.agents[] | "\(.agent) \(.version)"] | join(", ")' \
	'claude 7.8.9, codex 7.8.9, gemini 7.8.9, opencode 7.8.9'
expect_exit 0 plan
expect_line "     runs: claude -p --output-format stream-json --verbose --permission-mode acceptEdits -- 'Step 1 of cycle 0: One; 0 of 3500 {as it stands}'"
expect_line "Agent: gemini 7.8.9, $HOME/bin/gemini"
expect_line "     runs: opencode run --format json --auto --title Four <<< --help"
expect_exit 0 plan --json
expect_json '.steps[3] | [.command[-1], .input] | join("|")' 'Four|--help'
expect_json '.steps[1].command | join("|")' $'codex|exec|--json|--sandbox|workspace-write|-m|m|--|a prompt for Two'
[[ ! -e $HOME/ran ]] || fail "something was started"

expect_exit 0 run
expect "what was run" "$(sed -E 's/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/UUID/' "$HOME/ran")" \
	'claude|-p|--output-format|stream-json|--verbose|--permission-mode|acceptEdits|--session-id|UUID|--|Step 1 of cycle 1: One; 0 of 3500 {as it stands}
codex|exec|--json|--sandbox|workspace-write|-m|m|--|a prompt for Two

gemini|-o|stream-json|--session-id|UUID|--yolo|--prompt=200
opencode|run|--format|json|--auto|--title|Four<--help'
expect "settings" "$(tr '\n' ' ' < "$HOME/set")" 'DISABLE_AUTOUPDATER=1 GEMINI_CLI_TRUST_WORKSPACE=true OPENCODE_DISABLE_AUTOUPDATE=1 '
expect "the record" "$(sqlite3 .stepgate/state.db 'SELECT group_concat(agent) FROM step')" \
	'claude,codex,gemini,opencode'

# The user's own setting stands.
: > "$HOME/ran"; : > "$HOME/set"
write_config stepgate.conf << END
path = "$HOME/bin:/usr/bin:/bin"
on_failure = "retry"
environment = {"DISABLE_AUTOUPDATER=0"}
step "Five" { agent = "claude" meter = "command" meter_command = {"echo", "100"} prompt = "x" session = "continue" }
step "Six" { agent = "claude" meter = "command" meter_command = {"echo", "100"} prompt = "x" session = "continue" }
step "Seven" { agent = "claude" meter = "command" meter_command = {"echo", "100"} prompt = "x" }
END
expect_exit 0 run --accept
expect "settings" "$(sort -u "$HOME/set")" DISABLE_AUTOUPDATER=0
session() # LINE WORD
{
	sed -n "$1p" "$HOME/ran" | tr '|' '\n' | grep -A 1 -x -- "$2" | tail -n 1
}
# A cycle begins anew; its second step goes on; one that is to be fresh is.
first=$(session 1 --session-id)
[[ $first ]] || fail "the first step of a cycle goes on with nothing"
expect "the second step goes on with" "$(session 2 --resume)" "$first"
expect "the third step goes on with" "$(session 3 --resume)" ''

# Over cycles only where that is asked for.
: > "$HOME/ran"
seventh=$(sqlite3 .stepgate/state.db "SELECT session FROM step WHERE title = 'Seven'")
sed -i 's/Five/Eight/; s/Six/Nine/; s/Seven/Ten/; 4,$s/session = "continue"/session = "keep"/' stepgate.conf
expect_exit 0 run --accept
expect "kept over cycles" "$(session 1 --resume)" "$seventh"

# A prompt that is not there when its turn comes, and a program that goes away: failed steps with words.
write_config stepgate.conf << END
path = "$HOME/bin:/usr/bin:/bin"
on_failure = "skip"
step "Away" { command = {"rm", "prompt.md"} }
step "Prompt" { agent = "claude" prompt_file = "prompt.md" }
END
expect_exit 0 run --accept
expect_in_stderr "step 2: prompt_file: $PWD/prompt.md: can't be opened: No such file or directory"
expect_json '.steps_completed[1].status' NOK $doc

# A program that is missing is told before anything starts; a checklist's item is filled in.
rm "$HOME/bin/codex"
write_config stepgate.conf << END
path = "$HOME/bin:/usr/bin:/bin"
step "x" { agent = "codex" prompt = "x" }
END
expect_exit 2 validate
expect_in_stderr 'stepgate.conf:2: agent = "codex": there is no such program in PATH'
: > "$HOME/ran"
printf -- '- [ ] Item with {used} and "quotes"\n' > PLAN.md
write_config stepgate.conf << END
path = "$HOME/bin:/usr/bin:/bin"
checklist = "PLAN.md"
step_template { agent = "gemini" meter = "command" meter_command = {"echo", "100"} prompt = "Do: {item}" }
END
git add -A && git commit -q -m Plan && git push -q
expect_exit 0 run
[[ $(cat "$HOME/ran") == *'|--prompt=Do: Item with {used} and "quotes"' ]] || fail "the item: $(cat "$HOME/ran")"
expect "the tick" "$(cat PLAN.md)" '- [x] Item with {used} and "quotes"'
exit 0
