#!/bin/bash
# What reporters know that nobody else may: the addresses and the keys of their servers, from the
# environment or from files. They go to the server and nowhere else: not to plan, errors, logs, the
# journal, the arguments of a process, or the monitor; be it that all goes well, or that it does not.
. "$SRC/tests/lib.sh"
. "$SRC/tests/monitor.sh"

command -v python3 > /dev/null || skip "no python3 for a web server"
servers=()
trap 'kill "${servers[@]}" 2> /dev/null; monitor_stop' EXIT

serve() # NAME BEHAVIOUR...
{
	local name=$1
	shift
	python3 "$SRC/tests/tools/web_server.py" "$name.port" "$name.log" "$@" &
	servers+=($!)
	wait_for 20 test -s "$name.port"
	port=$(cat "$name.port")
}

secrets='S3CRET_PATH_1|S3CRET_PATH_2|S3CRET_KEY_3|S3CRET_KEY_4|s3cret_said_5'
expect_none() # WHERE FILE...
{
	local where=$1
	shift
	! grep -raqE "$secrets" "$@" || fail "a secret is in $where"
}
# All that a command says.
expect_quiet() # ARG...
{
	run "$STEPGATE" "$@"
	expect_none "stepgate $*" "$out" "$errors"
}

make_repository r
# It answers 500 first, and says the address in its answer; then all is well.
serve first 500:s3cret_said_5 200
export ONE="http://127.0.0.1:$port/S3CRET_PATH_1/s3cret_said_5" THREE=S3CRET_KEY_3
serve second 404:s3cret_said_5
echo "http://user:S3CRET_PATH_2@127.0.0.1:$port/s3cret_said_5" > two
echo S3CRET_KEY_4 > four
chmod 600 two four
write_config r/stepgate.conf << END
title = "Secrets"
step "Look" {
	shell = "for pid in \$PPID \$(pgrep -P \$PPID); do tr '\\\\0' ' ' < /proc/\$pid/cmdline; echo; done > ../arguments"
}
step "Fail" { command = {"false"} on_failure = "skip" }
report "a" { type = "webhook" url = "\${ONE}" signing_key = "\${THREE}" timeout = "30s" on = {"started", "step", "closed"} }
report "b" { type = "webhook" url_file = "../two" signing_key_file = "../four" on = {"started", "step", "closed"} }
report "c" { type = "slack" url = "http://127.0.0.1:1/S3CRET_PATH_2" timeout = "100ms" on = {"closed"} }
report "d" { type = "webhook" url = "https://S3CRET_PATH_1.invalid/x" timeout = "100ms" on = {"closed"} }
END
# What stands in the config itself is in git by the user's own hand: it is looked for elsewhere.
printf 'stepgate.conf\n' >> r/.git/info/exclude
cd r || exit 1
expect_quiet validate
expect_quiet validate --json
expect_quiet plan
expect_quiet plan --json
expect_quiet run
expect "how it ended" "$code" 0
expect_in_stderr 'report "a" failed: HTTP 500: it is kept, and tried again'
expect_in_stderr 'report "b" failed: HTTP 404: it is kept for the next run'
expect_in_stderr 'report "c" failed: '
expect_in_stderr 'report "d" failed: '
for command in status 'status --json' history 'history --json' metrics; do
	# shellcheck disable=SC2086
	expect_quiet $command
done
cd .. || exit 1
grep -q stepgate-send arguments || fail "the arguments of the sender were not looked at"
expect_none "the arguments of a process" arguments
expect_none "the repository" $(find r -type f -not -name stepgate.conf)
sqlite3 r/.stepgate/state.db .dump > dump
expect_none "the journal" dump
expect "reports that are kept" "$(sqlite3 r/.stepgate/state.db \
	"SELECT reporter, count(*) FROM outbox GROUP BY reporter ORDER BY reporter" | paste -sd' ')" 'b|4 c|1 d|1'

# It arrived where it should, once under each key, and signed by the key of the environment.
expect "what arrived" "$(jq -rs '[.[] | select(.behaviour == "200") | .body | fromjson | .event] | join(" ")' first.log)" \
	"started step step closed"
expect "keys of what arrived" "$(jq -rs '[.[] | select(.behaviour == "200") | .headers["webhook-id"]] | unique | length' first.log)" 4
expect "where it went" "$(jq -rs '[.[].path] | unique | join(" ")' first.log)" /S3CRET_PATH_1/s3cret_said_5
jq -rs '.[1] | .headers["webhook-id"] + "." + .headers["webhook-timestamp"] + "." + .body' first.log | tr -d '\n' > content
expect "the signature" "$(jq -rs '.[1].headers["webhook-signature"]' first.log)" \
	"v1,$(openssl dgst -sha256 -hmac "$THREE" -binary content | base64)"

# The monitor tells nobody either, and neither does what it starts.
monitor_start r/stepgate.conf
for path in /api/v1/repositories /api/v1/state '/api/v1/messages?cycle=1' /api/v1/steps /api/v1/cycles /metrics \
	'/api/v1/log?cycle=1&step=1'; do
	ask "$path"
	expect_status 200
	expect_none "$path" "$out"
done
expect_none "what the monitor prints" "$TMPDIR/monitor.out" "$TMPDIR/monitor.err"

# An own file that others can read is refused by name, without a word of what is in it.
chmod 644 two
cd r || exit 1
expect_quiet validate
expect "exit code" "$code" 2
expect_in_stderr "two"
unset ONE
chmod 600 ../two
expect_quiet run
expect "exit code without the variable" "$code" 2
expect_in_stderr ONE
exit 0
