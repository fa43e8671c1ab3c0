#!/bin/bash
# A step's log as it streams: longer than what is kept of it, from the middle on, and to its end.
. "$SRC/tests/lib.sh"
. "$SRC/tests/monitor.sh"
trap 'touch go.1 go.2; monitor_stop' EXIT

git init -q r
write_config r/stepgate.conf << END
title = "Long"
repository { commit = false }
step "Print" {
    command = {"sh", "-c", "seq -f 'first %05g' 300; until [ -e $PWD/go.1 ]; do sleep 0.02; done; seq -f 'later %05g' 1000; until [ -e $PWD/go.2 ]; do sleep 0.02; done; echo the end"}
    max_output = "8K"
}
END
monitor_start r/stepgate.conf
tell /api/v1/start '{"config": 1}'
expect_status 202
wait_for 20 state_is '.state == "STEP" and .output[-1] == "first 00300"'

stream() # FILE [CURL-ARG...]
{
	local file=$1
	shift
	curl -sN -m 60 -H "Authorization: Bearer $token" "$@" \
		"$url/api/v1/log/stream?cycle=1&step=1" > "$file" &
}
# The text of a stream, without its frame.
text() # FILE
{
	sed -n '/^event: output/{n;s/^data: //p}' "$1" | jq -j .text
}
has() # FILE TEXT
{
	text "$1" | grep -q "$2"
}

stream whole
wait_for 20 has whole 'first 00300'
expect "the beginning as it streams" "$(text whole)" "$(seq -f 'first %05g' 300)"
# From an offset on: the bytes before it were got already.
stream middle -H 'Last-Event-ID: 12'
wait_for 20 has middle 'first 00300'
expect "from an offset on" "$(text middle)" "$(seq -f 'first %05g' 300 | tail -n +2)"
touch go.1
wait_for 20 has whole 'later 01000'
# Nothing twice, and what is new while the step runs is not waited for.
expect "lines that came more than once" "$(text whole | sort | uniq -d)" ""
touch go.2
wait_for 20 grep -q '^event: end' whole
wait_for 20 grep -q '^event: end' middle
has whole 'the end' || fail "the last line is missing"
expect "lines that came more than once, at the end" "$(text whole | sort | uniq -d)" ""

# Once it is over it is what was kept.
wait_for 20 state_is '.life == "closed"'
ask '/api/v1/log?cycle=1&step=1'
expect "the log" "$(cat "$out")" "$(cat r/.stepgate/logs/cycle-0001/step-01.log)"
grep -q 'are left out here' "$out" || fail "it is not said that something is left out"
stream kept
wait_for 20 grep -q '^event: end' kept
expect "the log as a stream" "$(text kept)" "$(cat r/.stepgate/logs/cycle-0001/step-01.log)"
exit 0
