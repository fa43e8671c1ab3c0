#!/bin/bash
# deadline: 120
# What is asked of the monitor by those who should not: refused, and harmful to nobody else.
. "$SRC/tests/lib.sh"
. "$SRC/tests/monitor.sh"
trap monitor_stop EXIT

make_repository r
printf 'not for you\n' > secret.txt
write_config r/stepgate.conf << 'END'
title = "x"
step "One" {
    command = {"true"}
}
END
monitor_start r/stepgate.conf
port=${url##*:}
host="127.0.0.1:$port"

# The status of a request that no client would make: it comes on stdin. Nothing where it is cut off.
raw()
{
	exec 6<> "/dev/tcp/127.0.0.1/$port"
	(trap '' PIPE; cat >&6) 2> /dev/null
	timeout 20 head -1 <&6 2> /dev/null | cut -d' ' -f2
	exec 6>&-
}

# No token, a wrong one, half of one.
for path in / /api/v1/state /api/v1/events /metrics /app.js /api/v1/nothing; do
	ask_bare "$path"
	expect_status 401
	ask_bare "$path" -H "Authorization: Bearer ${token:0:63}"
	expect_status 401
	ask_bare "$path" -b "stepgate-00000000=$token"
	expect_status 401
done
ask_bare "/?token=${token//[0-9]/0}"
expect_status 401
ask_bare /api/v1/start -d '{"config": 1}' -H 'Content-Type: application/json' -H "Origin: $url"
expect_status 401
# It moves from the address into a cookie that no script can read and no other site sends.
ask_bare "/?token=$token"
expect_status 303
cookie=$(sed -n 's/^Set-Cookie: //p' "$errors" | tr -d '\r')
[[ $cookie == *"=$token; Path=/; HttpOnly; SameSite=Strict;"* ]] || fail "the cookie: $cookie"
grep -q $'^Location: /\r$' "$errors" || fail "the token stays in the address"
ask_bare / -b "${cookie%%;*}"
expect_status 200
! grep -qF "$token" "$out" || fail "the token is in the page"
ask_bare /api/v1/state -b "${cookie%%;*}"
expect_status 200

# A name that was made to point here; another site; a form of one; a page of another port.
for name in evil.example "evil.example:$port" "127.0.0.1.evil.example" ""; do
	ask /api/v1/state -H "Host: $name"
	[[ $code == 403 || $code == 400 ]] || fail "Host '$name': status $code"
done
expect "status with two Hosts" "$(printf 'GET /api/v1/state HTTP/1.1\r\nHost: %s\r\nHost: evil.example\r\nAuthorization: Bearer %s\r\n\r\n' \
	"$host" "$token" | raw)" 400
expect "status without a Host" "$(printf 'GET /healthz HTTP/1.0\r\n\r\n' | raw)" 400
ask_bare / -b "${cookie%%;*}" -H 'Host: evil.example'
expect_status 403
for origin in http://evil.example null "http://127.0.0.1:1" "http://localhost:$port"; do
	ask_bare /api/v1/start -b "${cookie%%;*}" -H "Origin: $origin" \
		-H 'Content-Type: application/json' -d '{"config": 1}'
	expect_status 403
	ask_bare /api/v1/state -b "${cookie%%;*}" -H "Origin: $origin"
	expect_status 403
done
ask_bare /api/v1/state -b "${cookie%%;*}" -H 'Sec-Fetch-Site: cross-site'
expect_status 403
for type in application/x-www-form-urlencoded text/plain multipart/form-data; do
	ask_bare /api/v1/start -b "${cookie%%;*}" -H "Origin: $url" -H "Content-Type: $type" \
		-d '{"config": 1}'
	expect_status 415
done
ask_bare /api/v1/start -b "${cookie%%;*}" -H 'Content-Type: application/json' -d '{"config": 1}'
expect_status 403
[[ ! -e r/.stepgate/state.db ]] || fail "something was started"

# Paths that lead elsewhere: there are none, since nothing of a request becomes one.
for path in /../secret.txt /%2e%2e/secret.txt /..%2fsecret.txt //etc/passwd /app.js/../../secret.txt \
	'/api/v1/log?cycle=1&step=../../secret' '/api/v1/log?cycle=../..&step=1' \
	'/api/v1/log?cycle=%2e%2e%2f&step=1' '/%00' '/app.js%00.html'; do
	ask "$path" --path-as-is
	[[ $code == 40[04] || ($path == /app.js%00.html && $code == 200) || ($path == /%00 && $code == 200) ]] ||
		fail "$path: status $code"
	! grep -q 'not for you\|root:' "$out" || fail "$path: it was read"
done
# What stands in place of a log is not followed.
mkdir -p r/.stepgate/logs/cycle-0001
ln -s "$PWD/secret.txt" r/.stepgate/logs/cycle-0001/step-01.log
mkfifo r/.stepgate/logs/cycle-0001/step-02.log
for step in 1 2; do
	ask "/api/v1/log?cycle=1&step=$step"
	expect_status 404
	ask "/api/v1/log/stream?cycle=1&step=$step"
	expect_status 404
done
# A config that was not named.
tell /api/v1/start '{"config": "../other.conf"}'
expect_status 400
tell /api/v1/start '{"config": 2}'
expect_status 404
# By other methods.
for method in PUT DELETE PATCH OPTIONS TRACE; do
	ask /api/v1/state -X "$method"
	[[ $code == 4?? ]] || fail "$method: status $code"
done
ask /api/v1/start
expect_status 405

# Too much: a header of 1 MB, a body that is long, has no length, or never ends.
head -c 1000000 /dev/zero | tr '\0' a > million
ask /api/v1/state -H "X: $(head -c 100000 million)"
[[ $code == 413 || $code == 431 || $code == 000 ]] || fail "a long header: status $code"
code=$({ printf 'GET / HTTP/1.1\r\nHost: %s\r\nX: ' "$host"; cat million; printf '\r\n\r\n'; } | raw)
[[ $code == 431 || $code == 413 || -z $code ]] || fail "a header of 1 MB: $code"
ask /api/v1/config -H 'Content-Type: application/json' --data-binary @million
expect_status 413
ask /api/v1/config -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' -d '{}'
expect_status 411
ask /api/v1/state -X GET -d 'a body'
expect_status 400
exec 5<> "/dev/tcp/127.0.0.1/$port"
printf 'POST /api/v1/config HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{' \
	"$host" "$token" >&5
ask /api/v1/state
expect_status 200
exec 5>&-

# Connections that are held open, and say nothing or little: the next one is served all the same.
many=1500
[[ ${SOAK:-} ]] && many=10000
/usr/bin/python3 - "$port" "$many" "$token" << 'END' || fail "with many connections open"
import resource, socket, sys, time, urllib.request
port, many, token = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, many + 100), hard))
held, worst = [], 0
def served():
    global worst
    begin = time.monotonic()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/state", headers={"Authorization": "Bearer " + token})
    assert urllib.request.urlopen(request, timeout=20).status == 200
    worst = max(worst, time.monotonic() - begin)
for i in range(many):
    s = socket.create_connection(("127.0.0.1", port), timeout=20)
    if i % 2:
        s.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    held.append(s)
    if i % 100 == 0:
        served()
served()
open_still = 0
for s in held:
    s.settimeout(0.0)
    try:
        s.recv(1)
    except BlockingIOError:
        open_still += 1
    except OSError:
        pass
print(f"{many} connections, {open_still} open still, the slowest answer {worst:.3f} s")
assert open_still <= 640, open_still
END
kill -0 "$monitor_pid" || fail "the monitor is gone"
# A request that comes byte by byte has its time.
if [[ ${SOAK:-} ]]; then
	begin=$SECONDS
	exec 5<> "/dev/tcp/127.0.0.1/$port"
	(trap '' PIPE; while printf 'G' >&5; do sleep 0.2; done) 2> /dev/null
	exec 5>&-
	[[ $((SECONDS - begin)) -lt 30 ]] || fail "a slow request had $((SECONDS - begin)) s"
fi
memory=$(awk '/^VmHWM/{print $2}' "/proc/$monitor_pid/status")
[[ $(basename "$BUILD") == asan || $memory -lt 30000 ]] || fail "$memory KiB of memory at most"

# The token file: not of others, and none of ours.
chmod 644 "$TMPDIR/token"
expect_exit 1 monitor --listen 127.0.0.1:0 --token-file "$TMPDIR/token" r/stepgate.conf
expect_in_stderr "others may read the token"
chmod 600 "$TMPDIR/token"
echo short > "$TMPDIR/other" && chmod 600 "$TMPDIR/other"
expect_exit 1 monitor --listen 127.0.0.1:0 --token-file "$TMPDIR/other" r/stepgate.conf
expect_in_stderr "not a token file"
# Where others could come from, only with a token file that was named; what is no address.
expect_exit 2 monitor --listen 0.0.0.0:0 r/stepgate.conf
expect_in_stderr "others can reach this address: name a --token-file"
expect_exit 2 monitor --listen 8737 r/stepgate.conf
expect_in_stderr "not an address to listen on"
expect_exit 1 monitor --listen "$host" r/stepgate.conf
expect_in_stderr "$host: can't be listened on: Address already in use"
expect_exit 2 monitor --listen 127.0.0.1:0 missing.conf
expect_in_stderr "missing.conf"
monitor_stop

# A unix socket is its owner's.
"$STEPGATE" monitor --listen "unix:$PWD/sock" --token-file "$TMPDIR/token" r/stepgate.conf > /dev/null &
monitor_pid=$!
wait_for 10 test -S sock
expect "mode of the socket" "$(stat -c %a sock)" 600
ask_unix=$(curl -s --unix-socket sock -H "Authorization: Bearer $token" -w '%{http_code}' -o "$out" http://localhost/api/v1/state)
expect "status over the socket" "$ask_unix" 200
expect_exit 1 monitor --listen "unix:$PWD/sock" r/stepgate.conf
expect_in_stderr "it is in use"
kill "$monitor_pid" && wait "$monitor_pid"
[[ ! -e sock ]] || fail "the socket is left behind"
monitor_pid=
exit 0
