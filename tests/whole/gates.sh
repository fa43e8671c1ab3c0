#!/bin/bash
# The gates of a config: pass, refuse with words, no opinion; and all that is no verdict.
. "$SRC/tests/lib.sh"

export ASAN_OPTIONS=${ASAN_OPTIONS:-}:handle_segv=0:handle_abort=0
make_repository repo
mkdir plugins
make_worker_module plugins/worker.so
cd repo || exit 1
echo '*.conf' > .git/info/exclude
status=status/EE_CYCLE_STATUS.json
module='module = "../plugins/worker.so"'
cycle=0

with() # GATES...
{
	write_config gates.conf << END
title = "Gates"
budget { tokens = 1000 threshold = 60 }
when_complete = "restart"
step "first" { shell = "date +%N >> work; echo '{\"tokens\": 50}' >&3" }
step "second" { shell = "date +%N >> work" }
$(printf '%s\n' "$@")
END
	cycle=$((cycle + 1))
}

refused() # REASON GATES...
{
	local reason=$1
	shift
	with "$@"
	expect_exit 0 run gates.conf
	expect_stdout "Cycle $cycle closed: $reason"
	expect_stderr ''
	expect_json .close_reason "$reason" $status
	expect_json .close_cause gate $status
	expect "the closing commit" "$(git -C ../repo.git log -1 --format=%s main)" \
		"Cycle $cycle closed: $reason"
	expect "cause in the journal" "$(sqlite3 .stepgate/state.db \
		"select cause || ' ' || reason from cycle where number = $cycle")" "gate $reason"
	expect "the move" "$(sqlite3 .stepgate/state.db "select state || event || next from move
		where cycle = $cycle order by id desc limit 1")" PRECHECKVETOEDCLOSED
}
no_verdict() # WORDS GATES...
{
	local words=$1
	shift
	with "$@"
	expect_exit 1 run gates.conf
	expect_stdout "Cycle $cycle closed: Error encountered"
	expect_stderr "stepgate: $words"
	expect_json .close_cause error $status
}
passed() # GATES...
{
	with "$@"
	expect_exit 0 run gates.conf
	expect_line "Cycle $cycle closed: All work completed"
	expect "commits of steps" "$(git log --format=%s | grep -c "^Step .: ")" $((2 * ++passes))
}
passes=0

# A program by the protocol, which keeps what it was asked.
cat > ../plugins/gate.sh << 'END'
#!/bin/bash
read -r call
echo "$call" >> "$(dirname "$0")/calls.json"
printf '%s\n' "$ANSWER" >&3
END
chmod +x ../plugins/gate.sh
plugin='plugin = {"../plugins/gate.sh"}'
verdict() # VERDICT [TEXT]
{
	export ANSWER="{\"type\": \"verdict\", \"verdict\": \"$1\"${2:+, \"text\": \"$2\"}}"
}

# Pass, by each way; and beside someone who has no opinion.
passed "gate \"m\" { $module }"
passed 'gate "c" { command = {"true"} }'
verdict pass 'of course'
passed "gate \"p\" { $plugin options = {\"a=b\"} }"
expect "what the gate was asked" "$(jq -c '[.call, .cycle, .step, .title, .used, .limit, .budget,
	.options.a]' ../plugins/calls.json)" "[\"gate\",$cycle,1,\"first\",0,600,1000,\"b\"]
[\"gate\",$cycle,2,\"second\",50,600,1000,\"b\"]"
verdict none
passed "gate \"p\" { $plugin }" 'gate "c" { command = {"true"} }'

# A plan names them, and asks none.
with "gate \"m\" { $module }" "gate \"p\" { $plugin }" 'gate "c" { command = {"touch", "asked"} }'
cycle=$((cycle - 1))
expect_exit 0 plan gates.conf
expect_line "Gate \"m\": module $PWD/../plugins/worker.so"
expect_line "Gate \"p\": plugin $PWD/../plugins/gate.sh"
expect_line 'Gate "c": command touch'
[[ ! -e asked ]] || fail "a plan asks a gate"

# Refuse, by each way: the cycle closes as at the budget's gate, with the words of the gate.
refused 'Gate refused: night: it is too late in the day' \
	"gate \"night\" { $module options = {\"do=refuse\"} }"
refused 'Gate refused: c: no room' 'gate "c" { command = {"sh", "-c", "echo no room; exit 1"} }'
refused 'Gate refused: c' 'gate "c" { command = {"false"} }'
verdict refuse 'a\nb \u001b[31mred'
refused 'Gate refused: p: a b red' 'gate "before" { command = {"true"} }' "gate \"p\" { $plugin }" \
	'gate "never asked" { command = {"touch", "asked"} }'
[[ ! -e asked ]] || fail "a gate was asked after one had refused"
verdict refuse "$(printf 'ä%.0s' {1..500})"
with "gate \"p\" { $plugin }"
expect_exit 0 run gates.conf
[[ $(wc -c < "$out") -lt 300 ]] || fail "a long word makes a long reason"
iconv -f UTF-8 -t UTF-8 "$out" > /dev/null || fail "a character was cut in two"

# No verdict is no pass.
no_verdict 'no gate has an opinion on step 1, so it does not start' \
	"gate \"p\" { $module options = {\"do=none\"} }"
no='gate "g": no verdict, so step 1 does not start:'
at=$PWD/../plugins
no_verdict "$no $at/worker.so: killed by signal 11" "gate \"g\" { $module options = {\"do=crash\"} }"
no_verdict "$no $at/worker.so: it ended without a verdict" \
	"gate \"g\" { $module options = {\"do=exit\"} }"
no_verdict "$no $at/worker.so: exit status 3" "gate \"g\" { $module options = {\"do=exit3\"} }"
no_verdict "$no $at/worker.so: it failed" "gate \"g\" { $module options = {\"do=odd\"} }"
no_verdict "$no $at/worker.so: ended after its timeout of 300 ms" \
	"gate \"g\" { $module options = {\"do=hang\"} timeout = \"300ms\" }"
with "gate \"g\" { $module options = {\"do=flood\"} }"
expect_exit 1 run gates.conf
expect_in_stderr "can't be taken: the answer has more than 1 MiB"
export ANSWER=nonsense
no_verdict "$no $at/gate.sh: line 1 of its answer can't be taken: it is no JSON object with each key once" \
	"gate \"g\" { $plugin }"
no_verdict "$no sh: exit status 4: oh" \
	'gate "g" { command = {"sh", "-c", "echo oh >&2; exit 4"} }'
no_verdict "$no sh: killed by signal 9" 'gate "g" { command = {"sh", "-c", "kill -9 $$"} }'

# The budget's own gate is asked first.
with 'gate "c" { command = {"touch", "asked"} }'
sed -i 's/threshold = 60/threshold = 20/; s/"second"/"over"/; s/tokens.": 50/tokens\\": 500/' gates.conf
expect_exit 0 run gates.conf --accept
rm -f asked
expect_line "Cycle $cycle closed: Token threshold exceeded: 50.0%"

# --until-done stops at a gate's refusal, with work left; the steps before it are done.
write_config until.conf << 'END'
title = "Until"
step "first" { shell = "date +%N >> work" }
step "second" { shell = "date +%N >> work" }
gate "once" { command = {"sh", "-c", "test ! -e .stepgate/asked || exit 1; : > .stepgate/asked"} }
END
cycle=$((cycle + 1))
expect_exit 10 run until.conf --until-done --detailed-exitcode
expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect_line "Cycle $cycle closed: Gate refused: once"
expect_json .next_action 'Start the next cycle with step 2: second' $status

# A stop while a gate is asked is one at once.
with "gate \"slow\" { command = {\"sh\", \"-c\", \": > .stepgate/slow; sleep 100\"} timeout = \"5m\" }"
"$STEPGATE" run gates.conf > stopped.txt 2> /dev/null &
wait_for 20 test -e .stepgate/slow
kill -TERM $!
wait $! || fail "a stop at a gate is exit code $?"
expect_line "Cycle $cycle closed: User requested" stopped.txt
rm stopped.txt

# An agent that drives itself is held to the gates of its config.
write_config agent.conf << 'END'
title = "Agent"
gate "shut" { command = {"sh", "-c", "echo not today; exit 1"} }
step "unused" { command = {"true"} }
END
cycle=$((cycle + 1))
expect_exit 0 start --task Own --config agent.conf
expect_exit 1 step begin --config agent.conf
expect_line "Cycle $cycle closed: Gate refused: shut: not today"

# What a config can't say.
bad() # WORDS SETTINGS
{
	write_config bad.conf << END
step "s" { command = {"true"} }
gate "g" { $2 }
END
	expect_exit 2 validate bad.conf
	expect_stderr "stepgate: bad.conf:2: $1"
}
bad 'gate "g": nobody to ask: it needs a module, a plugin or a command' ''
bad 'command: not beside a module or plugin' "$module command = {\"true\"}"
bad 'plugin: not beside a module' "$module $plugin"
bad 'timeout = "6m": it goes from 100ms to 5m' 'command = {"true"} timeout = "6m"'
bad 'command = "no-such-gate": there is no such program in PATH' 'command = {"no-such-gate"}'
exit 0
