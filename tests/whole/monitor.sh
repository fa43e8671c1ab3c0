#!/bin/bash
# The web monitor's API over a real cycle: start, state, events, steps, logs, reports, settings, stop.
. "$SRC/tests/lib.sh"
. "$SRC/tests/monitor.sh"
trap monitor_stop EXIT

make_repository r
make_three_steps r Nightly 30000 50000 1000
git -C r add -A && git -C r commit -q -m Config && git -C r push -q || fail "can't commit"

hostile='<script>window.pwned = 1</script><img src=x onerror=alert(1)>'

monitor_start r/stepgate.conf
expect "mode of the token file" "$(stat -c %a "$TMPDIR/token")" 600
expect_line "Open $url/?token=$token" "$TMPDIR/monitor.out"

# Before any cycle.
ask /api/v1/repositories
expect_status 200
expect_json '.repositories | length' 1
expect_json '.repositories[0].configs[0].title' Nightly
expect_json '.repositories[0].now.life' none
expect_json '.repositories[0].now.firsts | map([.config, .budget, .limit]) | tojson' '[[1,200000,70000]]'
expect_json '.repositories[0].now.firsts[0].gate.message' \
	'✅ Token budget OK: 0.0% (remaining: 35.0%) - 0/70,000 tokens'
ask /api/v1/steps
expect_status 404
expect_json .error "the repository has no journal yet"

# Settings: into the file, and within their range.
tell /api/v1/config '{"threshold_percent": 40}'
expect_status 200
expect_json .threshold_percent 40
expect_json .handoff_threshold_percent 40 r/status/ee_config.json
wait_for 10 state_is '.firsts[0].limit == 80000'
for wrong in 19 96 '"40"' 40.5; do
	tell /api/v1/config "{\"threshold_percent\": $wrong}"
	expect_status 400
	expect_json .error "threshold_percent: a whole number within 20..95 is expected"
done
expect_json .handoff_threshold_percent 40 r/status/ee_config.json
tell /api/v1/config 'no'
expect_status 400

# A cycle, watched by its events from the first one on.
curl -sN -m 100 -H "Authorization: Bearer $token" "$url/api/v1/events" > events 2> /dev/null &
events_pid=$!
wait_for 10 grep -q '^event: hello' events
tell /api/v1/start '{"config": 1}'
expect_status 202
run_pid=$(json .pid)
wait_for 20 state_is '.state == "STEP" and .tokens == 30000 and (.output | length) == 1'
expect_json .life running
expect_json .cycle.threshold_percent 40
expect_json .cycle.limit 80000
expect_json .step.title First
expect_json '.output[0]' "first $hostile"
expect_json .gate.can_proceed true
expect_json .steps_known 3
[[ $(json .held_by) == *"pid $run_pid,"* ]] || fail "the holder is not the run that was started"

# The running one shows its locked value, whatever the next one is to have.
tell /api/v1/config '{"threshold_percent": 50}'
wait_for 10 state_is '.next.threshold_percent == 50'
expect_json .cycle.threshold_percent 40

tell /api/v1/start '{"config": 1}'
expect_status 409
[[ $(json .error) == "another cycle has the repository: "*"pid $run_pid,"* ]] || fail "who has it"

# The log as it grows; colours are for the reader to make something of.
curl -sN -m 100 -H "Authorization: Bearer $token" "$url/api/v1/log/stream?cycle=1&step=1" > log &
wait_for 10 grep -q '\\u001b\[32mfirst' log
touch go.first
wait_for 20 grep -q '^event: end' log
wait_for 20 state_is '.state == "STEP" and .step.number == 2 and .tokens == 80000'
expect_json .gate.can_proceed false
ask '/api/v1/log?cycle=1&step=1'
expect_stdout "first $hostile"
grep -qi '^content-type: text/plain' "$errors" || fail "a log is not plain text"

# The monitor ends; the run goes on; the next monitor knows all of it.
kill "$monitor_pid" && wait "$monitor_pid"
expect "exit code of the monitor" $? 0
kill -0 "$run_pid" 2> /dev/null || fail "the run did not outlive the monitor"
last_id=$(grep '^id: ' events | tail -1)
monitor_start r/stepgate.conf
expect_line "Listening on $url/; the token is in $TMPDIR/token" "$TMPDIR/monitor.out"
wait_for 10 state_is '.life == "running" and .step.number == 2'
touch go.second
wait_for 20 state_is '.state == "CLOSED"'
expect_json .cycle.reason "Token threshold exceeded: 40.0%"
wait_for 10 state_is '.life == "closed"'

# Steps, reports, the past.
ask /api/v1/steps
expect_json '[.steps[] | [.step, .title, .ok, .action, .tokens_used, .percent] | tostring] | join(" ")' \
	'[1,"First",true,"updated & pushed",30000,15] [2,"Second",true,"updated & pushed",80000,40]'
expect "the commit of step 2" "$(json '.steps[1].commit')" "$(git -C r rev-parse HEAD~1)"
ask /api/v1/messages
expect_json '[.messages[].text] | last' "Cycle 1 closed: Token threshold exceeded: 40.0%"
ask /api/v1/cycles
expect_json '.cycles | length' 1
expect_json '.cycles[0] | [.number, .cause, .steps, .tokens] | tostring' '[1,"threshold",2,80000]'
ask '/api/v1/cycles?cause=error'
expect_json '.cycles | length' 0
ask '/api/v1/cycles?config=stepgate.conf&since=2020-01-01T00:00:00Z&until=2020-02-01T00:00:00Z'
expect_json '.cycles | length' 0
ask '/api/v1/cycles?since=yesterday'
expect_status 400
ask '/api/v1/cycles?download=csv'
expect "rows of the CSV" "$(wc -l < "$out")" 2
grep -q '^1,"Nightly","stepgate.conf",CLOSED,threshold,"Token threshold exceeded: 40.0%",2,2,80000,200000,80000,40,' \
	"$out" || fail "the row of cycle 1"
grep -qi '^content-disposition: attachment' "$errors" || fail "a download is shown in place"
ask '/api/v1/cycles?download=json'
expect_json '.cycles | length' 1

# Who was cut off comes back with the id of its last event, and gets what it missed.
curl -sN -m 100 -H "Authorization: Bearer $token" -H "Last-Event-ID: ${last_id#id: }" \
	"$url/api/v1/events" > events.2 2> /dev/null &
events_pid=$!
wait_for 10 grep -q '^event: hello' events.2
moves() # FILE...
{
	sed -n '/^event: move/{n;s/^data: //p}' "$@" | jq -r '"\(.id) \(.from) \(.event) \(.to)"'
}
expect "moves that were told, before and after the break" "$(moves events events.2)" \
	"$(sqlite3 -separator ' ' r/.stepgate/state.db 'SELECT id, state, event, next FROM move ORDER BY id')"

# Stop after the step; a run that says no is shown.
touch go.third
rm -f go.first && git -C r pull -q
tell /api/v1/stop '{}'
expect_status 409
expect_json .error "nothing runs here to be stopped"
tell /api/v1/start '{"config": 1}'
expect_status 202
wait_for 20 state_is '.state == "CLOSED" and .cycle.number == 2 and .life == "closed"'
expect_json .cycle.reason "All work completed"
echo 'titel = "x"' > r/stepgate.conf
tell /api/v1/start '{"config": 1}'
expect_status 202
wait_for 10 grep -q '^event: notice' events.2
[[ $(grep -A1 '^event: notice' events.2) == *'exit code 2'*'titel'* ]] || fail "why the run ended"

# Neither is there a config that was not named, nor a path in place of one.
for wrong in 2 0 -1 '"r/stepgate.conf"' null; do
	tell /api/v1/start "{\"config\": $wrong}"
	[[ $code == 404 || $code == 400 ]] || fail "config $wrong: status $code"
done
exit 0
