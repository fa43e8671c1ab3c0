#!/bin/bash
# The monitor's API is as its OpenAPI description says, both ways; the metrics are as Prometheus wants
# them; and `stepgate metrics` and `stepgate history` say the same.
. "$SRC/tests/lib.sh"
. "$SRC/tests/monitor.sh"
/usr/bin/python3 -c 'import jsonschema' 2> /dev/null || skip 'no python3-jsonschema'
trap 'touch go; monitor_stop' EXIT

make_repository r
write_config r/stepgate.conf << 'END'
title = "Nightly"
repository { commit = false }
step "First" {
    command = {"sh", "-c", "echo first; echo '{\"tokens\": 30000}' >&$STEPGATE_USAGE_FD"}
}
step "Second" {
    command = {"sh", "-c", "echo second; exit 3"}
}
END
monitor_start r/stepgate.conf

# Every route is described, and nothing else.
expect "routes and what is described" \
	"$(sed -n 's/^\t{"\([A-Z]*\)", "\([^"]*\)", .*/\1 \2/p' "$SRC/status/monitor/api.c" | grep -v ' /$' | sort)" \
	"$(jq -r '.paths | to_entries[] | .key as $p | .value | keys[] | "\(ascii_upcase) \($p)"' \
		"$SRC/status/monitor/web/openapi.json" | sort)"

cat > before << 'END'
GET /api/v1/repositories 200
GET /api/v1/state 200
GET /api/v1/steps 404
GET /metrics 200
POST /api/v1/stop 409 {}
END
expect "what is not as described, before a cycle" "$("$SRC/tests/tools/openapi.py" \
	"$SRC/status/monitor/web/openapi.json" "$url" "$token" before | grep -v 'never asked for$')" ""

tell /api/v1/start '{"config": 1}'
wait_for 20 state_is '.life == "closed" and .cycle.number == 1'
expect_json .cycle.cause error
cat > after << 'END'
GET /api/v1/openapi.json 200
GET /api/v1/repositories 200
GET /api/v1/state 200
GET /api/v1/state?repository=2 404
GET /api/v1/state?repository=x 400
GET /api/v1/cycles 200
GET /api/v1/cycles?cause=error&most=1 200
GET /api/v1/cycles?download=json 200
GET /api/v1/cycles?download=csv 200
GET /api/v1/cycles?most=501 400
GET /api/v1/steps?cycle=1 200
GET /api/v1/steps?cycle=2 404
GET /api/v1/messages 200
GET /api/v1/log?cycle=1&step=1 200
GET /api/v1/log?cycle=1&step=9 404
GET /api/v1/log/stream?cycle=1&step=1 200
GET /api/v1/log/stream?cycle=1&step=9 404
GET /api/v1/config 200
POST /api/v1/config 200 {"threshold_percent": 50, "budget": 100000}
POST /api/v1/config 400 {"budget": 0}
POST /api/v1/start 404 {"config": 7}
POST /api/v1/start 400 {}
POST /api/v1/stop 409 {"now": true}
POST /api/v1/stop 400 {"now": 1}
GET /api/v1/events 200
GET /metrics 200
GET /healthz 200
POST /api/v1/start 202 {"config": 1}
END
expect "what is not as described" "$("$SRC/tests/tools/openapi.py" \
	"$SRC/status/monitor/web/openapi.json" "$url" "$token" after)" "post /api/v1/stop: never asked for"
wait_for 20 state_is '.life == "closed" and .cycle.number == 2'

# Metrics, read by somebody else's parser.
ask /metrics
expect_status 200
cp "$out" metrics
metric() # LINE
{
	grep -qxF "$1" metrics || fail "no line: $1; there is: $(grep "^${1%%\{*}" metrics)"
}
metric 'stepgate_up{repository="r"} 1'
metric 'stepgate_cycle_running{repository="r"} 0'
metric 'stepgate_cycle_number{repository="r"} 2'
metric 'stepgate_budget_tokens{repository="r"} 100000'
metric 'stepgate_limit_tokens{repository="r"} 50000'
metric 'stepgate_state{repository="r",state="CLOSED"} 1'
metric 'stepgate_steps_total{repository="r",status="ok"} 1'
metric 'stepgate_steps_total{repository="r",status="nok"} 2'
metric 'stepgate_step_failures_total{repository="r",failure="other"} 2'
metric 'stepgate_step_failures_total{repository="r",failure="usage_limit"} 0'
metric 'stepgate_cycles_closed_total{repository="r",cause="error"} 2'
metric 'stepgate_step_tokens_bucket{repository="r",le="35000"} 3'
metric 'stepgate_step_tokens_bucket{repository="r",le="20000"} 2'
metric 'stepgate_step_tokens_sum{repository="r"} 30000.000000'
metric 'stepgate_step_duration_seconds_count{repository="r"} 3'
(cd r && "$STEPGATE" metrics) > own || fail "stepgate metrics"
expect "what the command says against the monitor" "$(diff metrics own)" ""
if /usr/bin/python3 -c 'import prometheus_client' 2> /dev/null; then
	families=$(/usr/bin/python3 -c '
import sys
from prometheus_client.parser import text_string_to_metric_families
print(len(list(text_string_to_metric_families(sys.stdin.read()))))' < metrics) || fail "the parser"
	expect "metrics that a parser finds" "$families" "$(grep -c '^# TYPE' metrics)"
fi
# promtool is not everywhere: tests/promtool.sh says so where it is not.
promtool=$(PATH=$(dirname "$BUILD")/promtool:$PATH command -v promtool) &&
	expect "what promtool finds" "$("$promtool" check metrics < metrics 2>&1)" ""

# Several configs of several repositories: each config is of one of them, and can be started in no other.
monitor_stop
make_repository s
sed 's/Nightly/Weekly/' r/stepgate.conf > r/weekly.conf
sed 's/Nightly/Other/' r/stepgate.conf > s/stepgate.conf
cat > s/wait.conf << END
title = "Wait"
repository { commit = false }
step "Wait" { command = {"sh", "-c", "until [ -e $PWD/go ]; do sleep 0.02; done"} }
END
monitor_start r/stepgate.conf s/stepgate.conf r/weekly.conf s/wait.conf
ask /api/v1/repositories
expect_json '[.repositories[] | [.id, .name, (.configs | map([.id, .title, .plan]))] | tostring] | join(" ")' \
	'[1,"r",[[1,"Nightly","stepgate.conf"],[2,"Weekly","weekly.conf"]]] [2,"s",[[1,"Other","stepgate.conf"],[2,"Wait","wait.conf"]]]'
tell '/api/v1/start?repository=2' '{"config": 3}'
expect_status 404
tell '/api/v1/start?repository=2' '{"config": 1}'
expect_status 202
other_is() # FILTER
{
	ask '/api/v1/state?repository=2' && jq -e "$1" "$out" > /dev/null
}
wait_for 20 other_is '.life == "closed" and .cycle.title == "Other"'
ask '/api/v1/state?repository=1'
expect_json .cycle.number 2
ask '/api/v1/cycles?config=weekly.conf'
expect_json '.cycles | length' 0
ask /metrics
expect_line 'stepgate_cycles_closed_total{repository="s",cause="error"} 1'

# What can be asked only while something runs.
cat > meanwhile << 'END'
POST /api/v1/start?repository=2 202 {"config": 2}
POST /api/v1/start?repository=2 409 {"config": 1}
POST /api/v1/stop?repository=2 200 {}
POST /api/v1/stop?repository=2 200 {"now": false}
GET /api/v1/state?repository=2 200
END
head -1 meanwhile > first
expect "what is not as described, of a start" "$("$SRC/tests/tools/openapi.py" \
	"$SRC/status/monitor/web/openapi.json" "$url" "$token" first | grep -v 'never asked for$')" ""
wait_for 20 other_is '.life == "running" and .state == "STEP"'
sed -i 1d meanwhile
expect "what is not as described, while it runs" "$("$SRC/tests/tools/openapi.py" \
	"$SRC/status/monitor/web/openapi.json" "$url" "$token" meanwhile | grep -v 'never asked for$')" ""
touch go
wait_for 20 other_is '.life == "closed" and .cycle.number == 2'

cd r || exit 1
expect_exit 0 history --json
expect "cycles of the history" "$(jq -rc '[.number, .cause, .steps, .steps_ok]' "$out" | paste -sd' ')" \
	'[2,"error",1,0] [1,"error",2,1]'
expect_exit 0 history --most 1
[[ $(cat "$out") =~ ^\ +2\ .*\ 0/1\ +steps.*Nightly:\ Error\ encountered$ ]] || fail "a line of the history"
expect_exit 0 history --cause completed
expect_stdout ""
cd .. && git init -q empty && cd empty || exit 1
expect_exit 0 history
expect_stdout "No cycle yet"
expect_exit 0 metrics
expect_line 'stepgate_state{repository="empty",state="IDLE"} 1'
exit 0
