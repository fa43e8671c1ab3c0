#!/bin/bash
# The monitor where things are not as they should be: its address taken, a repository that is removed and
# comes back, a journal that can't be read while a cycle runs, a log that is taken away while it streams, a
# full disk under the settings, many repositories at once.
. "$SRC/tests/lib.sh"
. "$SRC/tests/monitor.sh"
small=
trap 'touch go.first go.second go.third; monitor_stop; [[ ! $small ]] || umount -l "$small"' EXIT

# Of another repository than the first one.
state_of() # REPOSITORY FILTER
{
	ask "/api/v1/state?repository=$1" && jq -e "$2" "$out" > /dev/null
}

# --- many repositories: each its own, and one's trouble none of the others'
configs=()
for i in {1..12}; do
	git init -q "r$i"
	printf 'title = "R%d"\nrepository { commit = false }\nstep "One" { command = {"true"} }\n' "$i" > "r$i/stepgate.conf"
	configs+=("r$i/stepgate.conf")
done
monitor_start "${configs[@]}"
ask /api/v1/repositories
expect_json '[.repositories[].configs[0].title] | join(" ")' "$(printf 'R%d ' {1..12} | sed 's/ $//')"
curl -sN -m 100 -H "Authorization: Bearer $token" "$url/api/v1/events" > events 2> /dev/null &
events_pid=$!
wait_for 10 grep -q '^event: hello' events
for i in 3 7 12; do
	tell "/api/v1/start?repository=$i" '{"config": 1}'
	expect_status 202
done
for i in 3 7 12; do
	wait_for 30 state_of "$i" '.life == "closed" and .cycle.cause == "completed"'
done
expect "repositories with moves" \
	"$(sed -n '/^event: move/{n;s/^data: //p}' events | jq -r .repository | sort -nu | paste -sd' ')" "3 7 12"
# One is removed: the others go on, and so does it once it is there again.
mv r7 gone
wait_for 10 state_of 7 '.life == "none"'
tell '/api/v1/config?repository=7' '{"threshold_percent": 40}'
expect_status 500
grep -q '"error": ".*r7.*No such file' "$out" || fail "why the settings can't be saved"
tell '/api/v1/start?repository=7' '{"config": 1}'
[[ $code == 500 ]] || fail "a run was started in a folder that is gone: $code"
state_of 3 '.life == "closed"' || fail "the third repository"
mv gone r7
wait_for 10 state_of 7 '.life == "closed" and .cycle.number == 1'
tell '/api/v1/config?repository=7' '{"threshold_percent": 40}'
expect_status 200
# A config that is broken while it is served says so when it is started; the others are not held up.
echo 'step {' > r12/stepgate.conf
tell '/api/v1/start?repository=12' '{"config": 1}'
expect_status 202
wait_for 20 grep -q '^event: notice' events
sed -n '/^event: notice/{n;s/^data: //p}' events | tail -1 > notice
expect_json .repository 12 notice
[[ $(json .text notice) == "The run ended with exit code 2: "*"stepgate.conf:"* ]] || fail "the notice: $(cat notice)"

# --- the same address twice; a token file that others can read; a folder in its place
expect_exit 1 monitor --listen "${url#http://}" --token-file "$TMPDIR/token" r1/stepgate.conf
expect_stderr "stepgate: ${url#http://}: can't be listened on: Address already in use"
expect_exit 1 monitor --listen 127.0.0.1:0 --token-file r1 r1/stepgate.conf
expect_in_stderr "r1: the token file is no regular file"
expect_exit 1 monitor --listen 127.0.0.1:0 --token-file r1/stepgate.conf/token r1/stepgate.conf
expect_in_stderr "r1/stepgate.conf/token"
run env -u HOME -u XDG_STATE_HOME "$STEPGATE" monitor --listen 127.0.0.1:0 r1/stepgate.conf
expect "exit code without a HOME" "$code" 2
expect_in_stderr 'there is no HOME to keep a token in: name a --token-file'
monitor_stop

# --- over IPv6, with the brackets that a browser sends
if grep -q 00000000000000000000000000000001 /proc/net/if_inet6 2> /dev/null; then
	monitor_address='[::1]:0'
	monitor_start r1/stepgate.conf
	monitor_address=127.0.0.1:0
	[[ $url == 'http://[::1]:'* ]] || fail "the address: $url"
	ask /api/v1/state -g
	expect_status 200
	ask /api/v1/state -g -H "Origin: $url"
	expect_status 200
	ask /api/v1/state -g -H 'Host: [::2]:80'
	expect_status 403
	monitor_stop
fi

# --- a cycle that runs, and what goes wrong around it
make_repository r
make_three_steps r Nightly 30000 50000 1000
git -C r add -A && git -C r commit -q -m Config && git -C r push -q || fail "can't commit"
monitor_start r/stepgate.conf
tell /api/v1/start '{"config": 1}'
expect_status 202
wait_for 20 state_is '.state == "STEP" and .tokens == 30000 and (.output | length) == 1'
curl -sN -m 100 -H "Authorization: Bearer $token" "$url/api/v1/log/stream?cycle=1&step=1" > log &
stream=$!
wait_for 10 grep -q '32mfirst' log
# Its log is taken away: who reads it has what there was, and is told the end when there is one.
rm r/.stepgate/logs/cycle-0001/step-01.log
ask '/api/v1/log?cycle=1&step=1'
expect_status 404
wait_for 20 state_is '.life == "running" and .output == []'
kill -0 "$stream" 2> /dev/null || fail "the stream ended with its log"
# A journal that can't be read: it is not said to run, nor that there is nothing; who has it is still seen.
mkdir aside && mv r/.stepgate/state.db* aside
echo 'this is no database, but as long as the head of one would have to be to be looked at' > r/.stepgate/state.db
wait_for 20 state_is '.life == "unreadable"'
expect_json .running false
grep -q '"trouble":"[^"]*state.db' "$out" || fail "what can't be read"
[[ $(json .held_by) == *"pid "* ]] || fail "who has it"
ask /metrics
expect_line 'stepgate_up{repository="r"} 0'
ask /healthz
expect_status 200
rm r/.stepgate/state.db && mv aside/* r/.stepgate/
wait_for 20 state_is '.life == "running" and .state == "STEP"'
ask /metrics
expect_line 'stepgate_up{repository="r"} 1'
touch go.first go.second go.third
wait_for 30 state_is '.life == "closed"'
wait "$stream" || fail "the stream of the log"
grep -q '^event: end' log || fail "the end of the log was not told"
monitor_stop

# --- no room for the settings: those that are there stay, and are saved once there is room again
if [[ $(id -u) -eq 0 ]] && mkdir small && mount -t tmpfs -o size=1m tmpfs small 2> /dev/null; then
	small=$PWD/small
	git init -q small/r
	printf 'repository { commit = false }\nstep "One" { command = {"true"} }\n' > small/r/stepgate.conf
	monitor_start small/r/stepgate.conf
	tell /api/v1/config '{"threshold_percent": 40}'
	expect_status 200
	before=$(find small/r/status | sort)
	cat /dev/zero > small/fill 2> /dev/null
	tell /api/v1/config '{"threshold_percent": 60}'
	expect_status 500
	grep -q 'ee_config.json.*No space left on device' "$out" || fail "why they can't be saved"
	expect_json .handoff_threshold_percent 40 small/r/status/ee_config.json
	expect "files" "$(find small/r/status | sort)" "$before"
	rm small/fill
	tell /api/v1/config '{"threshold_percent": 60}'
	expect_status 200
	expect_json .handoff_threshold_percent 60 small/r/status/ee_config.json
	monitor_stop
fi
exit 0
