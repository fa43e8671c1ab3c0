#!/bin/bash
# The monitor as a web server: what every answer carries, what is answered once and then known, several
# requests over one connection, how many streams there may be, and by which names it may be called.
. "$SRC/tests/lib.sh"
. "$SRC/tests/monitor.sh"
trap monitor_stop EXIT

git init -q r
write_config r/stepgate.conf << 'END'
title = "A + B = C & D"
repository { commit = false }
step "One" { command = {"echo", "one"} }
END
(cd r && "$STEPGATE" run) > "$out" 2>&1 || fail "can't make a past"
monitor_start r/stepgate.conf
port=${url##*:}

header() # NAME
{
	sed -n "s/^$1: //Ip" "$errors" | tr -d '\r'
}

# Whatever the answer: nothing of it runs elsewhere, is shown in a frame, or is taken for another type.
expect_guarded()
{
	local policy
	policy=$(header Content-Security-Policy)
	[[ $policy == *"default-src 'none'"* && $policy == *"frame-ancestors 'none'"* && $policy != *unsafe* ]] ||
		fail "$last: the policy: $policy"
	expect "$last: nosniff" "$(header X-Content-Type-Options)" nosniff
	expect "$last: referrer" "$(header Referrer-Policy)" no-referrer
	expect "$last: frames" "$(header X-Frame-Options)" DENY
	[[ ! $(header Access-Control-Allow-Origin) ]] || fail "$last: other sites may read it"
}
for path in / /app.css /icon.svg /api/v1/state '/api/v1/cycles?download=csv' '/api/v1/log?cycle=1&step=1' /metrics /healthz \
	/nothing '/api/v1/state?repository=9' '/api/v1/state?repository=x' /api/v1/start; do
	ask "$path"
	expect_guarded
done
ask_bare /
expect_guarded
expect_status 401
grep -q 'A token is needed' "$out" || fail "the page that says so"
ask_bare "/?token=$token"
expect_guarded
expect_status 303
ask /api/v1/state -H 'Host: evil.example'
expect_guarded
ask /api/v1/state
expect "how long an answer is kept" "$(header Cache-Control)" no-store
ask '/api/v1/cycles?download=json'
expect "how a download is named" "$(header Content-Disposition)" 'attachment; filename="cycles.json"'

# An asset is sent once; its tag is of its bytes.
ask /app.js
tag=$(header ETag)
[[ $tag == \"*\" ]] || fail "the tag: $tag"
rm "$out" # a body that is none is not written
ask /app.js -H "If-None-Match: $tag"
expect_status 304
[[ ! -s $out ]] || fail "what is known is sent again"
ask /app.js -H 'If-None-Match: "other"'
expect_status 200
cmp -s "$out" "$SRC/status/monitor/web/app.js" || fail "an asset that is not the one of the source"

# HEAD is a GET without its body, of a stream too.
for path in / /api/v1/state /metrics /healthz '/api/v1/log?cycle=1&step=1'; do
	ask "$path" -I
	expect_status 200
done
ask /metrics
expect_status 200
expect_line 'stepgate_up{repository="r"} 1'

# Parameters as they are encoded, once; what is no encoding is taken as it stands, or refused.
ask '/api/v1/cycles?config=stepgate%2Econf'
expect_json '.cycles | length' 1
ask '/api/v1/cycles?config=stepgate%252Econf'
expect_json '.cycles | length' 0
ask '/api/v1/cycles?config=%zz&cause=%'
expect_json '.cycles | length' 0
ask '/api/v1/cycles?most=1&most=x'
expect_status 200
ask '/api/v1/cycles?since=2020-01-01T00:00:00%2B02:00'
expect_json '.cycles | length' 1
ask '/api/v1/cycles?config=%27%20OR%201%20--'
expect_json '.cycles | length' 0
ask "/api/v1/cycles?config=$(printf 'x%.0s' {1..3000})"
expect_json '.cycles | length' 0

# Requests one behind another over one connection, each with its own answer; also where all are there at once.
/usr/bin/python3 - "$port" "$token" << 'END' || fail "over one connection"
import http.client, socket, sys
port, token = int(sys.argv[1]), sys.argv[2]
own = {"Authorization": "Bearer " + token}
one = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
for path, status in [("/healthz", 200), ("/api/v1/state", 200), ("/none", 404), ("/api/v1/config", 200)] * 3:
    one.request("GET", path, headers=own)
    answer = one.getresponse()
    body = answer.read()
    assert answer.status == status and body, (path, answer.status)
one.request("POST", "/api/v1/config", '{"threshold_percent": 40}', {**own, "Content-Type": "application/json"})
assert one.getresponse().read()
s = socket.create_connection(("127.0.0.1", port), timeout=20)
head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
s.sendall("".join(f"GET {p} HTTP/1.1\r\n{head}\r\n" for p in ["/healthz", "/api/v1/state"]).encode()
          + f"GET /healthz HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode())
got = b""
while piece := s.recv(65536):
    got += piece
assert got.count(b"HTTP/1.1 200 OK") == 3, got
END

# Streams are limited in number, so that there is room for the others; one that ends makes room for one.
/usr/bin/python3 - "$port" "$token" << 'END' || fail "the number of streams"
import socket, sys, time, urllib.error, urllib.request
port, token = int(sys.argv[1]), sys.argv[2]
def stream():
    s = socket.create_connection(("127.0.0.1", port), timeout=20)
    s.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return s, int(s.recv(12).split()[1])
held = []
while True:
    s, status = stream()
    if status != 200:
        break
    held.append(s)
    assert len(held) <= 1000
assert status == 503 and len(held) == 400, (status, len(held))
def save(threshold): # everybody is told of it
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/config", f'{{"threshold_percent": {threshold}}}'.encode(),
        {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    assert urllib.request.urlopen(request, timeout=20).status == 200
held.pop().close()
deadline, threshold = time.monotonic() + 60, 20
while stream()[1] != 200: # that it is gone is seen when it is told something
    assert time.monotonic() < deadline
    threshold = 20 if threshold == 95 else threshold + 1
    save(threshold)
END
monitor_stop

# By another name only where that was given; far away only with a token file, and by its own address.
monitor_start --host build.example.org r/stepgate.conf
ask /api/v1/state -H 'Host: build.example.org'
expect_status 200
ask /api/v1/state -H 'Host: build.example.org:8080' -H 'Origin: https://build.example.org:8080'
expect_status 200
ask /api/v1/state -H 'Host: www.build.example.org'
expect_status 403
monitor_stop
monitor_address=0.0.0.0:0
monitor_start r/stepgate.conf
url=http://127.0.0.1:${url##*:}
ask /api/v1/state
expect_status 200
ask /api/v1/state -H 'Host: 192.0.2.1'
expect_status 403
ask_bare /api/v1/state
expect_status 401
exit 0
