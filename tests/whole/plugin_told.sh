#!/bin/bash
# Plugins that read a worker's usage, and plugins that deliver reports. What they do wrong is unknown
# usage, or a report that is not sent, and no more.
. "$SRC/tests/lib.sh"

export ASAN_OPTIONS=${ASAN_OPTIONS:-}:handle_segv=0:handle_abort=0
make_repository repo
mkdir plugins
make_worker_module plugins/worker.so
cat > plugins/plugin.sh << 'END'
#!/bin/bash
read -r call
echo "$call" >> "$(dirname "$0")/calls.json"
case $call in
*'"call":"meter"'*) printf '{"type": "usage", "tokens": %d}\n' "$(tr -cd '#' < "$(jq -r .output <<< "$call")" | wc -c)" >&3 ;;
*'"call":"report"'*) echo '{"type": "result", "ok": true}' >&3 ;;
esac
END
chmod +x plugins/plugin.sh
cd repo || exit 1
printf '*.conf\nreports.jsonl\n' > .git/info/exclude
module='module = "../plugins/worker.so"'

# Meters: the module tells parts (input: the signs #; cache_read 1000; output 1), the program a sum.
with_measure() # MEASURE FIRST SECOND
{
	write_config meter.conf << END
title = "Meter $1"
budget { tokens = 10000 threshold = 95 measure = "$1" }
when_complete = "restart"
step "module" { shell = "printf '%0100d' 0 | tr 0 '#'" meter = "module" meter_module = "../plugins/worker.so" }
step "program" { shell = "printf '#####'; printf '##' >&2" meter = "plugin" meter_plugin = {"../plugins/plugin.sh"} meter_options = {"a=b"} }
END
	mv meter.conf "$1.conf"
	expect_exit 0 run "$1.conf"
	expect_line "Step 1 completed: Tokens: $2%; Status: OK, updated & pushed"
	expect_line "Step 2 completed: Tokens: $3%; Status: OK, updated & pushed"
}
with_measure fresh 1.0 1.0
with_measure all 11.0 11.0
expect 'what the meter was asked' \
	"$(jq -c '[.call, .options.a, .title, (.output | test("/step-02.log$"))]' ../plugins/calls.json | head -1)" \
	'["meter","b","program",true]'
expect 'the figures' "$(sqlite3 .stepgate/state.db 'select own from step' | paste -sd' ')" '101 7 1101 7'

n=0
unknown() # WORDS SETTINGS...
{
	local words=$1
	shift
	n=$((n + 1))
	write_config unknown.conf << END
title = "Unknown"
step "s" { shell = "printf '####'" $* }
step "never" { command = {"touch", "never"} }
END
	mv unknown.conf "unknown-$n.conf"
	expect_exit 1 run "unknown-$n.conf"
	expect_in_stderr "step 1: unknown usage: $words"
	[[ ! -e never ]] || fail "a step ran on unknown usage"
}
by='meter = "module" meter_module = "../plugins/worker.so" meter_options ='
at=$PWD/../plugins
unknown "$at/worker.so: killed by signal 11" "$by {\"do=crash\"}"
unknown "$at/worker.so: it failed" "$by {\"do=none\"}"
unknown 'sh: it ended without telling usage' 'meter = "plugin" meter_plugin = {"sh", "-c", "exit 0"}'
unknown 'sh: exit status 3' 'meter = "plugin" meter_plugin = {"sh", "-c", "exit 3"}'
write_config big.conf << 'END'
title = "Big"
step "big" { shell = "head -c 100000 /dev/zero | tr '\\0' '#'" meter = "module" meter_module = "../plugins/worker.so" max_output = "4K" }
END
expect_exit 1 run big.conf
expect_in_stderr "step 1: unknown usage: $at/worker.so: not asked: what the worker printed is not kept whole"

# Reports: each of the two is told of each event, with its key; one that fails holds up nothing.
write_config report.conf << 'END'
title = "Report"
step "s" { shell = "date > work" }
report "good" { type = "module" module = "../plugins/worker.so" options = {"to=reports.jsonl"} on = {"started", "step", "closed"} }
report "program" { plugin = {"../plugins/plugin.sh"} on = {"closed"} }
report "crash" { module = "../plugins/worker.so" options = {"do=crash"} }
report "hang" { module = "../plugins/worker.so" options = {"do=hang"} timeout = "300ms" on = {"closed"} }
report "nowhere" { module = "../plugins/worker.so" on = {"closed"} }
END
expect_exit 0 run report.conf
expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect 'events' "$(jq -r .event reports.jsonl | paste -sd' ')" 'started step closed'
expect 'keys' "$(jq -r .key reports.jsonl | sort -u | wc -l)" 3
expect 'the event of the program' "$(tail -1 ../plugins/calls.json | jq -r '.report.event')" closed
expect_in_stderr "report \"crash\" failed: $at/worker.so: killed by signal 11"
expect_in_stderr "report \"hang\" failed: $at/worker.so: ended after its timeout of 300 ms"
expect_in_stderr "report \"nowhere\" failed: $at/worker.so: nowhere to write to"

# A stop ends the worker, and neither what it used nor the report is lost by it.
write_config stopped.conf << 'END'
title = "Stopped"
step "s" { shell = "printf '####'; : > .stepgate/working; sleep 100" meter = "module" meter_module = "../plugins/worker.so" }
report "r" { module = "../plugins/worker.so" options = {"to=reports.jsonl"} on = {"closed"} }
END
rm reports.jsonl
"$STEPGATE" run stopped.conf > stopped.txt 2> stopped.err &
wait_for 30 test -e .stepgate/working
kill -TERM $!
wait $! || fail "a stop is exit code $?: $(cat stopped.err)"
grep -q '^Step 1 completed: Tokens: 0.0%; Status: NOK' stopped.txt || fail "$(cat stopped.txt)"
expect 'the usage of a stopped worker' "$(sqlite3 .stepgate/state.db \
	'select own from step order by id desc limit 1')" 5
expect 'the report of a stopped cycle' "$(jq -r .close_reason reports.jsonl)" 'User requested'
rm stopped.txt stopped.err

# What a config can't say.
bad() # WORDS LINE
{
	write_config bad.conf << END
step "s" { command = {"true"} ${3:-} }
$2
END
	expect_exit 2 validate bad.conf
	expect_in_stderr "stepgate: bad.conf:$1"
}
bad '1: meter: a meter_module is missing' '' 'meter = "module"'
bad '1: meter: a meter_plugin is missing' '' 'meter = "plugin"'
bad '1: meter_module: only with meter = "module"' '' 'meter_module = "../plugins/worker.so"'
bad '1: meter_options: only with a module or a plugin' '' 'meter_options = {"a=b"}'
bad '2: report "r": a module is missing' 'report "r" { type = "module" }'
bad '2: plugin: a report to a module has none' "report \"r\" { type = \"module\" $module plugin = {\"true\"} }"
bad '2: path: a report to a module has none' "report \"file\" { path = \"x\" $module }"
echo 'int x;' | "$CC" -shared -fPIC -xc - -o ../plugins/other.so
bad "2: $at/other.so: not loaded: " 'report "r" { module = "../plugins/other.so" }'
expect_exit 0 plugin list report.conf
expect_line "    $at/plugin.sh, report \"program\""
exit 0
