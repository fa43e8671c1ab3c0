#!/bin/bash
# What a worker is given, and what is read from it.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
export LEAK=seen
write_config stepgate.conf << 'END'
title = "Worker"
budget { tokens = 1000 threshold = 60 }
step "Look \"around\"" {
	shell = 'env | sort | grep -E "^(STEPGATE_|OWN)" | sed "s/KEY=[0-9a-f]\\{16\\}$/KEY=(a key)/; s/WORKER=[0-9a-f]\\{32\\}$/WORKER=(a mark)/"; pwd; readlink /proc/self/fd/0; ls /proc/self/fd | tr "\n" " "; echo; ps -o pgid= -p $$ | tr -d " " | grep -qx $$ && echo own group; echo "{\"tokens\": 100}" >&$STEPGATE_USAGE_FD'
	environment = {"OWN=yes"}
}
step "Read" { command = {"cat"} input = "README" cwd = "sub" }
step "Count" {
	shell = 'echo "{\"tokens_delta\": 5}" >&3; echo "{\"other\": 1}" >&3; printf "{\"tokens_delta\": 7}" >&3'
}
step "Metered" { command = {"true"} meter = "command" meter_command = {"echo", "88"} }
step "Printed" { shell = 'echo hello; echo "{\"tokens\": 7}"; echo "{\"tokens_delta\": 3}"; echo {' meter = "jsonl" }
END
mkdir sub
expect_exit 0 run
expect_line 'Step 1 completed: Tokens: 10.0%; Status: OK, updated & pushed'
expect_line 'Step 3 completed: Tokens: 11.2%; Status: OK, updated & pushed'
expect_line 'Step 4 completed: Tokens: 20.0%; Status: OK, updated & pushed'
expect_line 'Step 5 completed: Tokens: 21.0%; Status: OK, updated & pushed'
logs=.stepgate/logs/cycle-0001
expect "what step 1 saw" "$(sed '/^0 1 2 3 /s/ .*//' $logs/step-01.log)" "OWN=yes
STEPGATE_BUDGET=1000
STEPGATE_CYCLE=1
STEPGATE_LIMIT=600
STEPGATE_STEP=1
STEPGATE_STEP_KEY=(a key)
STEPGATE_STEP_TITLE=Look \"around\"
STEPGATE_USAGE_FD=3
STEPGATE_USED=0
STEPGATE_WORKER=(a mark)
$PWD
/dev/null
0
own group"
grep -q '^0 1 2 3 4 $' $logs/step-01.log || fail "descriptors leaked: $(grep '^0 1' $logs/step-01.log)"
expect "what step 2 read" "$(cat $logs/step-02.log)" 'a scratch repository'

# Unknown is never zero.
refuse() # TITLE STEP WORDS
{
	write_config unknown.conf << END
title = "$1"
step "s" { $2 }
step "never" { shell = "touch never" }
END
	mv unknown.conf "$1.conf"
	expect_exit 1 run "$1.conf"
	expect_line 'Step 1 completed: Tokens: unknown; Status: OK, updated & pushed'
	grep -qx 'Cycle [0-9]* closed: Error encountered' "$out" || fail "not closed on an error"
	expect_in_stderr "unknown usage: $3"
	expect_json '.steps_completed[0].tokens_used' null status/EE_CYCLE_STATUS.json
	[[ ! -e never ]] || fail "a step ran on unknown usage"
}
refuse required 'command = {"true"} usage = "required"' ''
refuse nonsense 'shell = "echo {\"tokens\": -5} >&3"' ''
refuse broken 'command = {"true"} meter = "command" meter_command = {"echo", "many"}' ''
refuse quiet 'command = {"true"} meter = "jsonl"' 'meter "jsonl": the worker reported no usage'
refuse spoilt 'shell = "echo {\\\"tokens\\\": -5}" meter = "jsonl"' 'meter "jsonl": line 1'
refuse failing 'command = {"true"} meter = "command" meter_command = {"false"}' ''

sed -i 's/^title.*/title = "As zero"\nbudget { on_unknown = "zero" }/' required.conf
mv required.conf zero.conf
expect_exit 0 run zero.conf
expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect_json '.steps_completed[0].estimated' true status/EE_CYCLE_STATUS.json

write_config estimate.conf << 'END'
title = "Estimate"
budget { tokens = 1000 on_unknown = "estimate" threshold = 95 }
step "small" { shell = "echo '{\"tokens\": 100}' >&3" }
step "large" { shell = "echo '{\"tokens\": 250}' >&3" }
step "silent" { command = {"true"} usage = "required" }
END
expect_exit 0 run estimate.conf
expect_line 'Step 3 completed: Tokens: 60.0%; Status: OK, updated & pushed'

# A worker that says nothing for its idle_timeout is ended; one that speaks is not, however long.
write_config idle.conf << 'END'
title = "Idle"
on_failure = "skip"
step "speaks" { shell = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done" idle_timeout = "1s" }
step "is silent" { shell = "echo once; exec sleep 1000" idle_timeout = "1s" }
END
expect_exit 0 run idle.conf
expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect_line 'Step 2 completed: Tokens: 0.0%; Status: NOK, not committed'
expect_in_stderr 'step 2: ended after 1 s of silence'
