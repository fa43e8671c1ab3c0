#!/bin/bash
# plugins/protocol.schema.json holds both sides: what stepgate asks, what the module host answers, and
# which lines stepgate takes from a program and which it does not.
. "$SRC/tests/lib.sh"

/usr/bin/python3 -c 'import jsonschema' 2> /dev/null || skip 'no python3-jsonschema'
judge() # call|line FILE
{
	/usr/bin/python3 "$SRC/tests/tools/schema.py" "$SRC/plugins/protocol.schema.json" "$1" "$2" ||
		fail "the schema can't be used"
}
all_good() # call|line FILE LEAST
{
	judge "$1" "$2" > judged.txt
	[[ $(wc -l < judged.txt) -ge $3 ]] || fail "fewer than $3 lines in $2"
	! paste -d' ' judged.txt "$2" | grep '^no' || fail "the schema does not take these"
}

make_repository repo
mkdir plugins
make_worker_module plugins/worker.so
cd repo || exit 1
echo '*' > .git/info/exclude

# What stepgate asks.
cat > ../plugins/keep.sh << 'END'
#!/bin/bash
tee -a "$(dirname "$0")/calls.json" > call.json
answer='{"type": "result", "ok": true}'
grep -q '"call":"gate"' call.json && answer='{"type": "verdict", "verdict": "pass"}'
echo "$answer" >&"$STEPGATE_PLUGIN_FD"
END
chmod +x ../plugins/keep.sh
write_config asks.conf << 'END'
title = "Asks"
budget { hard = 0 }
repository { commit = false }
gate "g" { plugin = {"../plugins/keep.sh"} }
step "Ä \"quoted\" title" { plugin = {"../plugins/keep.sh"} options = {"level=3", "empty=", "text=\n\x01\""} }
step "largest" { shell = "echo '{\"tokens\": 9223372036854775807}' >&3" }
END
expect_exit 0 run asks.conf --budget 9223372036854775807
all_good call ../plugins/calls.json 3

# What the module host answers, whatever the module does.
ask_module() # CALL
{
	printf '%s\n' "$1" | "$STEPGATE" module-host "$PWD/../plugins/worker.so" 3>> answers.json \
		> /dev/null 2>&1
}
echo '###' > printed.txt
for option in '' '"do":"fail"' '"do":"refuse"' '"do":"none"' '"do":"odd"' '"to":"reports.txt"'; do
	for call in step gate meter report describe; do
		ask_module "$(jq -nc --arg call $call --argjson options "{$option}" --arg at "$PWD" \
			'{stepgate: 1, $call, $options, repository: $at, output: ($at + "/printed.txt"),
			report: {}}')"
	done
done
all_good line answers.json 30
for type in progress log usage result verdict plugin; do
	grep -q "\"type\":\"$type\"" answers.json || fail "no $type among the answers"
done

# Which lines stepgate takes.
cat > lines.json << 'END'
{"type": "progress", "percent": 0}
{"type": "progress", "percent": 100, "text": "t"}
{"type": "progress", "text": ""}
{"type": "progress"}
{"type": "progress", "percent": 101}
{"type": "progress", "percent": -1}
{"type": "progress", "percent": 1.5}
{"type": "progress", "percent": "1"}
{"type": "progress", "percent": 1, "text": 1}
{"type": "log", "text": "t"}
{"type": "log"}
{"type": "log", "text": null}
{"type": "usage", "tokens": 0}
{"type": "usage", "tokens": 9007199254740993}
{"type": "usage", "tokens": 9223372036854775808}
{"type": "usage", "tokens": 5.0}
{"type": "usage", "tokens": -5}
{"type": "usage", "tokens": "5"}
{"type": "usage", "tokens": 5, "tokens": 6}
{"type": "usage", "output": 5}
{"type": "usage", "input": 1, "cache_read": 2, "cache_write": 3, "output": 4, "else": []}
{"type": "usage", "tokens": 1, "output": null}
{"type": "usage"}
{"type": "result", "ok": true}
{"type": "result", "ok": false, "text": "t"}
{"type": "result", "ok": 1}
{"type": "result"}
{"type": "result", "ok": true, "text": {}}
{"type": "something else", "ok": 5}
{"type": 5}
{"type": null}
{}
[]
5
"text"
{"type": "log", "text": "t"
END
judge line lines.json > schema.txt
{
	echo 'title = "Lines"  on_failure = "skip"  repository { commit = false }'
	n=0
	while read -r line; do
		n=$((n + 1))
		printf '%s\n' "$line" > "line-$n"
		echo "step \"$n\" { plugin = {\"sh\", \"-c\", \"cat line-$n >&3\"} }"
	done < lines.json
} > lines.conf
expect_exit 0 run lines.conf --budget 9223372036854775807 --threshold 95
sqlite3 .stepgate/state.db "select case when why like 'line 1 %' then 'no' else 'ok' end from step
	where cycle = 2 order by step" > stepgate.txt
cut -d' ' -f1 schema.txt | paste -d' ' - stepgate.txt lines.json > both.txt
expect 'lines' "$(wc -l < both.txt)" 36
expect 'where the schema and stepgate differ' "$(grep -vE '^(ok ok|no no) ' both.txt)" ''
[[ $(grep -c '^no' both.txt) -gt 15 && $(grep -c '^ok' both.txt) -gt 10 ]] || fail "too few of a kind"

# The same for a gate.
cat > verdicts.json << 'END'
{"type": "verdict", "verdict": "pass"}
{"type": "verdict", "verdict": "refuse", "text": "t"}
{"type": "verdict", "verdict": "Pass"}
{"type": "verdict", "verdict": true}
{"type": "verdict"}
{"type": "verdict", "verdict": "pass", "text": 5}
END
judge line verdicts.json | cut -d' ' -f1 > schema.txt
write_config verdict.conf << 'END'
repository { commit = false }
when_complete = "restart"
gate "g" { plugin = {"sh", "-c", "cat verdict.json >&3"} }
step "s" { command = {"true"} }
END
while read -r verdict; do
	echo "$verdict" > verdict.json
	run "$STEPGATE" run verdict.conf
	grep -q 'no verdict' "$errors" && echo no || echo ok
done < verdicts.json > stepgate.txt
expect 'schema and stepgate on verdicts' "$(paste -sd' ' schema.txt)" "$(paste -sd' ' stepgate.txt)"
expect 'verdicts' "$(paste -sd' ' stepgate.txt)" 'ok ok no no no no'
exit 0
