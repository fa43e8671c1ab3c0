#!/bin/bash
# Reports to web servers: what they are sent, that nothing is lost and nothing sent twice under two
# keys, whatever the server does, and that the cycle does not wait for it.
. "$SRC/tests/lib.sh"

command -v python3 > /dev/null || skip "no python3 for a web server"

servers=()
trap '[[ ${#servers[@]} -eq 0 ]] || kill "${servers[@]}"' EXIT

# A server with these behaviours; $port and the log NAME.log.
serve() # NAME BEHAVIOUR...
{
	local name=$1
	shift
	rm -f "$name.port"
	python3 "$SRC/tests/tools/web_server.py" "$name.port" "$name.log" "$@" &
	servers+=($!)
	: > "$name.log"
	wait_for 20 test -s "$name.port"
	port=$(cat "$name.port")
}

# The log's requests: FILTER of jq over all of them.
requests() # NAME FILTER
{
	jq -rs "$2" "$1.log"
}

messages() # NAME
{
	requests "$1" '.[] | .body | fromjson | .message'
}

outbox() # REPOSITORY
{
	sqlite3 "$1/.stepgate/state.db" 'SELECT count(*) FROM outbox'
}

steps='step "one" { command = {"true"} }
step "two" { command = {"true"} }'
told='Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed
Step 2 completed: Tokens: 0.0%; Status: OK, updated & pushed
Cycle 1 closed: All work completed'

# --- As it should be: in order, once each, signed; the URL from the environment.
make_repository good
serve ok 200
write_config good/stepgate.conf << END
title = "Good"
$steps
report "webhook" { url = "\${HOOK_URL}" signing_key = "whsec_c2VjcmV0IGtleQ==" }
END
(cd good && git add -A && git commit -q -m conf && git push -q) || exit 1
export HOOK_URL=http://127.0.0.1:$port/services/T0PSECRET
cd good || exit 1
expect_exit 0 run
cd .. || exit 1
expect "what was told" "$(messages ok)" "$told"
expect "what is left" "$(outbox good)" 0
expect "different keys" "$(requests ok '[.[].headers["webhook-id"]] | unique | length')" 3
expect "the same key in both headers" \
	"$(requests ok 'all(.headers["webhook-id"] == .headers["idempotency-key"])')" true
expect "content type" "$(requests ok '.[0].headers["content-type"]')" application/json
signed=$(requests ok '.[0] | .headers["webhook-id"] + "." + .headers["webhook-timestamp"] + "." + .body' |
	tr -d '\n' | openssl dgst -sha256 -hmac 'secret key' -binary | base64)
expect "the signature" "$(requests ok '.[0].headers["webhook-signature"]')" "v1,$signed"
grep -raqF T0PSECRET good/.stepgate good/status && fail "the URL is on the disk"
(cd good && run "$STEPGATE" plan && ! grep -F T0PSECRET "$out" "$errors") || fail "plan shows the URL"

# --- A warning is told when it is due, not when its step has ended: the worker waits until it was.
make_repository warned
serve warned 200
write_config warned/stepgate.conf << END
budget { tokens = 1000 warn = 50 }
step "Wait" {
	shell = "echo '{\"tokens\": 500}' >&\$STEPGATE_USAGE_FD; until [ -s '$PWD/warned.log' ]; do sleep 0.02; done"
	timeout = "60s"
}
report "webhook" { url = "http://127.0.0.1:$port/" on = {"warn", "closed"} }
END
(cd warned && git add -A && git commit -q -m conf && git push -q) || exit 1
cd warned || exit 1
expect_exit 0 run
cd .. || exit 1
expect_line 'Step 1 completed: Tokens: 50.0%; Status: OK, updated & pushed'
expect "what was told" "$(requests warned '[.[].body | fromjson.event] | join(" ")')" "warn closed"
# Where its sender can't be had that is said once, and the step is done all the same.
sed -i 's/until .*; done"/true"/' warned/stepgate.conf
cd warned || exit 1
STEPGATE_SENDER=/bin/false expect_exit 0 run --restart
expect "how often it is said" "$(grep -c 'are kept for the next run' "$errors")" 1
expect "what is left" "$(outbox .)" 2
cd .. || exit 1

# --- Slack: its own form, and words that are no markup.
make_repository slack
serve slack 200:ok
write_config slack/stepgate.conf << END
title = "A & <B>"
step "<!channel> hello" { command = {"false"} }
report "slack" { url = "http://127.0.0.1:$port/x" on = {"nok"} }
END
(cd slack && git add -A && git commit -q -m conf && git push -q) || exit 1
cd slack || exit 1
expect_exit 1 run
cd .. || exit 1
expect "Slack's text" "$(requests slack '.[0].body | fromjson | .text')" \
	'A &amp; &lt;B&gt;: Step 1 completed: Tokens: 0.0%; Status: NOK, not committed
&lt;!channel&gt; hello'
expect "how many" "$(requests slack length)" 1

# --- A server that fails first: each report arrives, tried again under its own key, in order.
make_repository later
serve later 503+1 cut 200
write_config later/stepgate.conf << END
title = "Later"
$steps
report "webhook" { url = "http://127.0.0.1:$port/" timeout = "60s" }
END
(cd later && git add -A && git commit -q -m conf && git push -q) || exit 1
cd later || exit 1
expect_exit 0 run
cd .. || exit 1
expect_in_stderr 'report "webhook" failed: HTTP 503: it is kept, and tried again'
expect "what arrived" "$(requests later '.[] | select(.behaviour == "200") | .body | fromjson | .message')" "$told"
expect "keys" "$(requests later '[.[].headers["webhook-id"]] | unique | length')" 3
expect "one body for a key" \
	"$(requests later '[.[] | .headers["webhook-id"] + .body] | unique | length')" 3
expect "what is left" "$(outbox later)" 0

# --- A server that never answers: the cycle goes on, all is kept, and the next run delivers it.
make_repository hung
serve hung hang
write_config hung/stepgate.conf << END
title = "Hung"
when_complete = "restart"
$steps
report "webhook" { url = "\${HOOK_URL}" timeout = "300ms" }
END
(cd hung && git add -A && git commit -q -m conf && git push -q) || exit 1
export HOOK_URL=http://127.0.0.1:$port/
cd hung || exit 1
expect_exit 0 run
expect_in_stderr 'report "webhook" failed: no answer within 300 ms: it is kept, and tried again'
expect_in_stderr 'reports that did not arrive, and are kept for the next run: 3'
expect "what is left" "$(outbox .)" 3
kept=$(sqlite3 .stepgate/state.db 'SELECT key FROM outbox ORDER BY id')
cd .. || exit 1
serve hung2 200
export HOOK_URL=http://127.0.0.1:$port/
cd hung || exit 1
expect_exit 0 run
cd .. || exit 1
expect "what arrived of the first cycle" "$(messages hung2 | head -3)" "$told"
expect "its keys" "$(requests hung2 '.[:3][].headers["webhook-id"]')" "$kept"
expect "what arrived" "$(requests hung2 length)" 6
expect "what is left" "$(outbox hung)" 0

# --- Killed before anything was sent: the next start sends it, under the key that it had.
make_repository killed
serve killed 200
write_config killed/stepgate.conf << END
title = "Killed"
step "one" { command = {"true"} }
step "two" { shell = "kill -9 \$PPID; sleep 100" }
report "webhook" { url = "\${HOOK_URL}" timeout = "300ms" }
END
(cd killed && git add -A && git commit -q -m conf && git push -q) || exit 1
export HOOK_URL=http://127.0.0.1:1/
cd killed || exit 1
run "$STEPGATE" run
expect "how it ended" "$code" 137
kept=$(sqlite3 .stepgate/state.db 'SELECT key FROM outbox ORDER BY id')
export HOOK_URL=http://127.0.0.1:$port/
run "$STEPGATE" run
cd .. || exit 1
expect "the key of what was kept" "$(requests killed '.[0].headers["webhook-id"]')" "$kept"
expect "how often it came" \
	"$(requests killed "[.[] | select(.headers[\"webhook-id\"] == \"$kept\")] | length")" 1

# --- Refused for good: said in the server's own word, not asked again in this run, not in the way.
make_repository refused
serve refused 404:no_service 410 200
write_config refused/stepgate.conf << END
title = "Refused"
$steps
report "webhook" { url = "http://127.0.0.1:$port/" }
END
(cd refused && git add -A && git commit -q -m conf && git push -q) || exit 1
cd refused || exit 1
expect_exit 0 run
cd .. || exit 1
expect_in_stderr 'report "webhook" failed: HTTP 404: no_service: it is kept for the next run'
expect "tries" "$(requests refused length)" 3
expect "what is left" "$(outbox refused)" 2

# --- No redirect is followed, and what a server says of the URL is not repeated.
make_repository moved
serve moved 302 404:secret_path 200
write_config moved/stepgate.conf << END
title = "Moved"
$steps
report "webhook" { url = "http://127.0.0.1:$port/secret_path" }
END
(cd moved && git add -A && git commit -q -m conf && git push -q) || exit 1
cd moved || exit 1
expect_exit 0 run
cd .. || exit 1
expect_in_stderr 'report "webhook" failed: HTTP 302: redirects are not followed: it is kept for the next run'
grep -F secret_path "$errors" && fail "the URL was repeated"
expect "where it went" "$(requests moved '[.[].path] | unique | join(" ")')" /secret_path

# --- Without its sender nothing is lost either.
make_repository alone
write_config alone/stepgate.conf << END
$steps
report "webhook" { url = "http://127.0.0.1:$port/" }
END
(cd alone && git add -A && git commit -q -m conf && git push -q) || exit 1
cd alone || exit 1
STEPGATE_SENDER=/bin/false expect_exit 0 run
expect_in_stderr 'reports to web servers are kept for the next run: the sender of reports: exit status 1'
expect "what is left" "$(outbox .)" 3
exit 0
