#!/bin/bash
# `stepgate meter`: what it answers, in JSON and as text, and a step whose agent is metered by it.
. "$SRC/tests/lib.sh"

data=$SRC/tests/data/meter
plain=$data/claude-plain

expect_exit 0 meter claude "$plain/stdout" --json
expect_json .agent claude
expect_json '[.usage.input, .usage.cache_read, .usage.cache_write, .usage.output] | join(" ")' '1001 10010 307 53'
expect_json '[.fresh, .all, .context, .window] | join(" ")' '1361 11371 11318 200000'
expect_json '[.quality, .source, .ended] | join(" ")' 'exact stdout completed'
expect_json '.models | keys | join(" ")' 'claude-sonnet-4-5-20250929'
expect_json '.models[].output' 53
expect_json '.resets_at, .differ, .why' $'null\nnull\nnull'
expect_json .session 4e13e78b-e9ab-4ef0-a616-7bfd6712e5a7
expect_stderr ''

expect_exit 0 meter claude "$plain/stdout" --files "$plain/files" --json
expect_json '[.source, .quality, .all] | join(" ")' 'both exact 11371'
expect_exit 0 meter claude --files "$plain/files" --json
expect_json '[.source, .quality, .all] | join(" ")' 'files exact 11371'

# From standard input, with "-" and without.
"$STEPGATE" meter claude - --json < "$plain/stdout" > one || fail "meter -"
"$STEPGATE" meter claude --json < "$plain/stdout" > other || fail "meter"
cmp -s one other || fail "standard input is not read the same"
expect_json .all 11371 one

# A transcript is read as what it is.
expect_exit 0 meter claude "$plain"/files/projects/*/*.jsonl --json
expect_json '[.source, .quality, .all] | join(" ")' 'files exact 11371'

expect_exit 0 meter claude "$plain/stdout"
expect "the first line" "$(head -1 "$out")" 'claude: completed; usage exact, from stdout'
grep -qE '^claude-sonnet-4-5-20250929 +1,001 +10,010 +307 +53 +1,361 +11,371$' "$out" || fail "no row of the model"
grep -qE '^total +1,001 +10,010 +307 +53 +1,361 +11,371$' "$out" || fail "no row of the total"
expect_line 'context: 11,318 of 200,000'

# The other agents; which one it is need not be said.
expect_exit 0 meter codex "$data/codex-tool/stdout" --files "$data/codex-tool/files" --json
expect_json '[.agent, .usage[], .quality, .source, .context, .window] | join(" ")' \
	'codex 7007 70070 2149 371 exact both 45272 258400'
expect_exit 0 meter auto "$data/codex-resume2/stdout" --files "$data/codex-resume2/files" --json
expect_json '[.agent, .all, .quality] | join(" ")' 'codex 79597 exact'
expect_exit 0 meter auto --files "$data/codex-usage_limit_codex/files" --json
expect_json '[.agent, .ended, .resets_at] | join(" ")' 'codex usage_limit 1900000000'
expect_exit 0 meter auto "$data/gemini-subagent/stdout" --files "$data/gemini-subagent/files" --json
expect_json '[.agent, .fresh, .all, .quality, .ended] | join(" ")' 'gemini 26364 91429 exact completed'
expect_exit 0 meter gemini "$data/gemini-tool-json/stdout" --json
expect_json '[.fresh, .all, .quality] | join(" ")' '9527 79597 estimated'
mkdir -p data/opencode
sqlite3 data/opencode/opencode.db < "$data/opencode-subagent-title/files/opencode/opencode.sql" || fail "no database"
before=$(picture data)
expect_exit 0 meter auto "$data/opencode-subagent-title/stdout" --files data --json
expect_json '[.agent, .fresh, .all, .quality, .source] | join(" ")' 'opencode 13632 58677 exact both'
expect "the database" "$(picture data)" "$before"
echo "no agent" > nothing
expect_exit 1 meter auto nothing --json
expect_json '.agent, .why' $'null\nmeter "auto": these are no words of an agent that is known here'

# The database of an agent that was killed over it: what it last wrote is in the log beside it.
sqlite3 data/opencode/opencode.db 'PRAGMA journal_mode = wal' '.dbconfig no_ckpt_on_close on' \
	"UPDATE message SET data = replace(data, '\"output\":68', '\"output\":168')" \
	"UPDATE part SET data = replace(data, '\"output\":68', '\"output\":168')" > "$TMPDIR/wal"
[[ -s data/opencode/opencode.db-wal ]] || fail "there is no log"
expect_exit 0 meter opencode --files data --json
expect_json '[.all, .quality] | join(" ")' '58777 exact'
# Where it can't be read, the figure is no more than an estimate; a damaged database is none.
dd if=/dev/zero of=data/opencode/opencode.db bs=1 seek=100 count=4000 conv=notrunc 2> "$TMPDIR/dd"
rm data/opencode/opencode.db-*
expect_exit 1 meter opencode --files data --json

# A limit, and when it is over.
expect_exit 0 meter claude "$data/claude-usage_limit_sub/stdout" --json
expect_json '[.ended, .resets_at, .all] | join(" ")' 'usage_limit 1795469893 0'
expect_exit 0 meter claude "$data/claude-usage_limit_sub/stdout"
expect "the first line" "$(head -1 "$out")" \
	'claude: usage_limit, resets at 2026-11-23T21:38:13.000000Z; usage exact, from stdout'

# An estimate says why.
expect_exit 0 meter claude "$data/claude-hang-SIGKILL/stdout" --json
expect_json '[.quality, .ended, .why] | join(": ")' 'estimated: interrupted: it printed no result'

# Two sources that differ: the larger counts, and it is told.
cp -r "$plain/files" differ
sed -i 's/"output_tokens":53/"output_tokens":5300/; s/"outputTokens":53/"outputTokens":5300/' differ/projects/*/*.jsonl
expect_exit 0 meter claude "$plain/stdout" --files differ --json
expect_json '[.all, .quality, .differ.stdout, .differ.files] | join(" ")' '16618 estimated 11371 16618'
expect_exit 0 meter claude "$plain/stdout" --files differ
expect_line 'stdout says 11,371, files say 16,618: the larger counts'

# Nothing to read is no usage, never zero.
echo "no agent" > nothing
expect_exit 1 meter claude nothing --json
expect_json '.usage.input, .fresh, .all, .source' $'null\nnull\nnull\nnull'
expect_json '.why' 'meter "claude": no usage in what it printed'

expect_exit 2 meter
expect_in_stderr 'AGENT is missing'
expect_exit 2 meter claudia "$plain/stdout"
expect_in_stderr 'claudia: no such agent: it is one of claude, codex, gemini, opencode, auto'
expect_exit 1 meter claude missing
expect_stderr "stepgate: missing: can't be opened: No such file or directory"
expect_exit 1 meter claude --files missing
expect_exit 2 meter claude --files nothing
expect_exit 1 meter claude .
expect_exit 2 meter claude "$plain/stdout" --since yesterday

# A step that is an agent in a script of one's own.
make_repository repo
cd repo || exit 1
mkdir -p home/.claude
echo home > .gitignore
cp "$HOME/.gitconfig" home
cp -r "$plain/files/projects" home/.claude
write_config stepgate.conf << END
title = "Metered"
budget { tokens = 100000 threshold = 95 }
home = "home"
step "Fresh" { command = {"cat", "$plain/stdout"} meter = "claude" }
step "Talks on stderr" { shell = "echo '{\"type\":' >&2; cat '$plain/stdout'" meter = "claude" }
step "Says nothing" { command = {"true"} meter = "claude" }
END
expect_exit 1 run
expect_line 'Step 1 completed: Tokens: 1.3%; Status: OK, updated & pushed'
expect_line 'Step 2 completed: Tokens: 2.7%; Status: OK, updated & pushed'
expect_line 'Step 3 completed: Tokens: unknown; Status: OK, updated & pushed'
expect_in_stderr 'step 3: unknown usage: meter "claude": no usage in what it printed, nor in its files'
sed 's/^budget.*/budget { tokens = 100000 threshold = 95 measure = "all" }/; s/^title.*/title = "All"/; /Says nothing/d' \
	stepgate.conf > all.conf
expect_exit 0 run all.conf
expect_line 'Step 2 completed: Tokens: 22.7%; Status: OK, updated & pushed'
# A figure that is not certain is said to be an estimate, and so are two that differ.
write_config doubt.conf << END
title = "Doubt"
budget { tokens = 100000 threshold = 95 }
home = "home"
report "file" { path = ".stepgate/doubts.jsonl" on = {"step", "closed"} }
step "Killed" { command = {"cat", "$data/claude-hang-SIGKILL/stdout"} meter = "claude" }
step "Differs" { shell = "sed -i 's/\"output_tokens\":53/\"output_tokens\":5300/' home/.claude/projects/*/*.jsonl; sed -i 's/21:18:21/23:59:59/' home/.claude/projects/*/*.jsonl; cat '$plain/stdout'" meter = "claude" }
END
expect_exit 0 run doubt.conf
expect_in_stderr 'step 1: its usage is an estimate: it printed no result'
expect_json '.steps_completed[0].estimated' true status/EE_CYCLE_STATUS.json
expect_line 'Step 1 completed: Tokens: 1.3%; Status: OK, updated & pushed'
expect_in_stderr 'step 2: claude printed 11371 tokens and wrote 16618: the larger counts'
# So say the status document and the report.
expect_json '[.steps_completed[].usage_doubt] | join("; ")' \
	'it printed no result; claude printed 11371 tokens and wrote 16618: the larger counts' \
	status/EE_CYCLE_STATUS.json
expect_json '.usage_doubt // empty' \
	$'it printed no result\nclaude printed 11371 tokens and wrote 16618: the larger counts' .stepgate/doubts.jsonl
expect_line 'Step 2 completed: Tokens: 7.9%; Status: OK, updated & pushed'

# By a pattern, which is looked at before anything starts.
write_config regex.conf << 'END'
title = "Regex"
budget { tokens = 1000 threshold = 95 }
home = "home"
step "counted" { shell = "echo 'Tokens used: 1,0'; echo 'Tokens used: 250'" meter = "regex:Tokens used: ([0-9]+)" }
END
expect_exit 0 run regex.conf
expect_line 'Step 1 completed: Tokens: 25.0%; Status: OK, updated & pushed'
sed 's/)"/"/; s/^title.*/title = "Wrong"/' regex.conf > wrong.conf
for command in validate run; do
	expect_exit 2 "$command" wrong.conf
	grep -qE '^stepgate: wrong.conf:4: meter = regex:Tokens used: \(\[0-9\]\+: at its character [0-9]+: missing' "$errors" ||
		fail "$command: the pattern is not refused"
done
# A context is not added up.
sed 's/"all"/"context"/; s/^title.*/title = "Context"/' all.conf > context.conf
expect_exit 0 run context.conf
expect_line 'Step 2 completed: Tokens: 11.3%; Status: OK, updated & pushed'
