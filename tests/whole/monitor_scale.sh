#!/bin/bash
# flavour: release
# The monitor over a history of 10,000 cycles and 200,000 steps: what the page asks for first, the
# memory that it takes, and 200 clients on the event stream while a cycle runs, none of which misses an
# event. Times are printed; only a soak, which has the machine for itself, is held to them.
. "$SRC/tests/lib.sh"
. "$SRC/tests/monitor.sh"
trap monitor_stop EXIT

make_repository r
write_config r/stepgate.conf << 'END'
title = "Nightly"
repository { commit = false }
END
for i in {1..12}; do
	printf 'step "Step %d" {\n    shell = "echo %d; echo {\\\\\\"tokens\\\\\\": 10} >&$STEPGATE_USAGE_FD"\n}\n' "$i" "$i"
done >> r/stepgate.conf
(cd r && "$STEPGATE" report "So that there is a journal" && "$STEPGATE" validate) > "$out" 2>&1 || fail "can't begin"
sqlite3 r/.stepgate/state.db << 'END' || fail "can't make a past"
PRAGMA synchronous = OFF;
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
INSERT INTO cycle(number, plan, title, budget, threshold, state, step, used, started_at, ended_at,
	cause, reason, finished)
SELECT i, 'past.conf', 'Past ' || i, 200000, 35, 'CLOSED', 20, 1000 * (i % 100),
	1700000000000000 + i * 3600000000, 1700000000000000 + i * 3600000000 + 60000000,
	CASE i % 4 WHEN 0 THEN 'error' ELSE 'completed' END, 'All work completed', 1 FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199999)
INSERT INTO step(cycle, step, attempt, title, started_at, ended_at, how, own, used, ok, action, result)
SELECT i / 20 + 1, i % 20 + 1, 1, 'Step ' || (i % 20 + 1), 1700000000000000, 1700000003000000, 'DONE',
	500, 500 * (i % 20 + 1), 1, 'updated & pushed', 'PUSHED' FROM n;
INSERT INTO message(cycle, at, kind, text)
SELECT cycle, ended_at, 'report', 'Step ' || step || ' completed' FROM step;
COMMIT;
END

monitor_start r/stepgate.conf
memory() # FIELD
{
	awk -v f="$1:" '$1 == f { print $2 }' "/proc/$monitor_pid/status"
}

# What the page asks for when it is opened, and what its history asks for.
first_view()
{
	local path
	for path in / /app.js /app.css /uplot.js /api/v1/repositories '/api/v1/steps?cycle=10000' \
		'/api/v1/messages?cycle=10000&most=500' '/api/v1/cycles?most=100'; do
		echo "url = \"$url$path\""
		echo "output = /dev/null"
	done | curl -s -H "Authorization: Bearer $token" -K - || fail "the first view"
}
begin=${EPOCHREALTIME/./}
first_view
took=$(((${EPOCHREALTIME/./} - begin) / 1000))
ask '/api/v1/cycles?cause=error&before=5000&most=100'
expect_json '[.cycles[].number] | [length, first, last] | tostring' '[100,4996,4600]'
ask '/api/v1/cycles?download=csv'
expect "rows of the whole past" "$(wc -l < "$out")" 10001
# The first metrics of so long a past: who asks for them waits, and nobody else does.
begin=${EPOCHREALTIME/./}
curl -s -m 60 -H "Authorization: Bearer $token" "$url/metrics" > metrics.first &
scrape=$! between=0 served=0
while kill -0 "$scrape" 2> /dev/null; do
	asked=${EPOCHREALTIME/./}
	ask /healthz
	asked=$(((${EPOCHREALTIME/./} - asked) / 1000))
	[[ $asked -lt $between ]] || between=$asked
	served=$((served + 1))
done
wait "$scrape" || fail "the metrics"
metrics=$(((${EPOCHREALTIME/./} - begin) / 1000))
[[ $served -gt 3 ]] || fail "others were served $served times in $metrics ms"
expect_line 'stepgate_steps_total{repository="r",status="ok"} 200000' metrics.first
expect_line 'stepgate_step_duration_seconds_count{repository="r"} 200000' metrics.first
expect_line 'stepgate_cycles_closed_total{repository="r",cause="error"} 2500' metrics.first
begin=${EPOCHREALTIME/./}
ask /metrics
again=$(((${EPOCHREALTIME/./} - begin) / 1000))
expect "the metrics again" "$(grep -v last_heard "$out")" "$(grep -v last_heard metrics.first)"

"$SRC/tests/tools/watchers.py" "${url##*:}" "$token" 200 > watched 2>&1 &
watchers=$!
wait_for 30 grep -q ready watched
begin=${EPOCHREALTIME/./}
tell /api/v1/start '{"config": 1}'
expect_status 202
wait "$watchers" || fail "$(cat watched)"
cycle=$(((${EPOCHREALTIME/./} - begin) / 1000))
read -r moves messages < <(tail -1 watched)
expect "moves that each client got" "$moves" \
	"$(sqlite3 r/.stepgate/state.db 'SELECT group_concat(id) FROM (SELECT id FROM move WHERE cycle = 10001 ORDER BY id)')"
expect "messages that each client got" "$messages" \
	"$(sqlite3 r/.stepgate/state.db 'SELECT group_concat(id) FROM (SELECT id FROM message WHERE cycle = 10001 ORDER BY id)')"

echo "first view $took ms, metrics for the first time $metrics ms, others served $served times meanwhile, within $between ms at most," \
	"metrics again $again ms, a cycle of 12 steps seen by 200 clients $cycle ms," \
	"memory $(memory VmRSS) KiB, at most $(memory VmHWM) KiB"
[[ $(memory VmHWM) -lt 30000 ]] || fail "$(memory VmHWM) KiB of memory at most"
[[ ! ${SOAK:-} || $took -lt 200 ]] || fail "the first view took $took ms"
exit 0
