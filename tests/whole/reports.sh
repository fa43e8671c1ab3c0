#!/bin/bash
# Who is told, of what; and that a reporter which fails changes nothing.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Reports"
step "good" { shell = "echo '{\"tokens\": 1000}' >&3" }
step "bad"  { command = {"false"} on_failure = "skip" }
report "all" { type = "file" path = "../all.jsonl" on = {"started", "step", "nok", "closed"} }
report "nok" { type = "file" path = "../nok.jsonl" on = {"nok"} }
report "program" { command = {"sh", "-c", "cat >> ../program.jsonl"} on = {"closed"} }
report "broken" { type = "program" command = {"sh", "-c", "echo no such channel >&2; exit 4"} }
report "hangs" { type = "program" command = {"sleep", "1000"} timeout = "100ms" on = {"closed"} }
report "prometheus" { path = "../stepgate.prom" }
report "nowhere" { type = "file" path = "../no/such/folder/x" on = {"closed"} }
END
expect_exit 0 run
expect_line 'Cycle 1 closed: All work completed'
expect "all" "$(jq -r .message ../all.jsonl)" "$(grep -v '^Starting' "$out" | sed '1i Cycle 1 started: 200,000 tokens, limit 70,000 (35%)')"
expect "nok" "$(jq -r .message ../nok.jsonl)" "$(grep NOK "$out")"
expect "the program's" "$(jq -r .message ../program.jsonl)" 'Cycle 1 closed: All work completed'
expect_in_stderr 'report "broken" failed'
expect_in_stderr 'no such channel'
expect_in_stderr 'report "hangs" failed'
expect_in_stderr 'report "nowhere" failed'
expect "the work tree" "$(git status --porcelain)" ''
grep -qx 'stepgate_steps_total{repository="repo",status="ok"} 1' ../stepgate.prom ||
	fail "the metrics: $(cat ../stepgate.prom)"
expect "the metrics are those of the command" \
	"$("$STEPGATE" metrics | grep -E '^stepgate_(steps|cycles|step_tokens)')" \
	"$(grep -E '^stepgate_(steps|cycles|step_tokens)' ../stepgate.prom)"
exit 0
