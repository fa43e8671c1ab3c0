#!/bin/bash
# An allocation of the monitor's fails, its libraries' among them, while it starts, or while it is asked. It
# ends with words, or answers, or says that it can't; it never crashes, and goes on serving after that.
. "$SRC/tests/lib.sh"
. "$SRC/tests/faults/world.sh"
. "$SRC/tests/monitor.sh"

[[ $BUILD == */asan ]] && skip "a sanitizer has allocations of its own"
RANDOM=$SEED
trap monitor_stop EXIT

git init -q r
write_config r/stepgate.conf << 'END'
repository { commit = false }
step "One" { command = {"echo", "one"} }
END
(cd r && "$STEPGATE" run) > "$out" 2>&1 || fail "can't make a past"

paths=(/ /app.js /api/v1/repositories /api/v1/state '/api/v1/cycles?most=5' '/api/v1/cycles?download=csv' /api/v1/steps
	/api/v1/messages '/api/v1/log?cycle=1&step=1' '/api/v1/log/stream?cycle=1&step=1' /api/v1/config /metrics)

# Starts it so that it is there, or has ended.
begin() # NUMBER
{
	rm -f allocations monitor.out
	LD_PRELOAD=$BUILD/tools/failing_malloc.so FAILING_PROGRAM=stepgate-monitor ALLOCATIONS=$PWD/allocations \
		FAILING_ALLOCATION=$1 "$STEPGATE" monitor --listen 127.0.0.1:0 --token-file "$TMPDIR/token" \
		r/stepgate.conf > monitor.out 2> monitor.err < /dev/null &
	monitor_pid=$!
	wait_for 20 eval "[[ -s monitor.out ]] || ! kill -0 $monitor_pid"
	url=$(grep -o 'http://[^/]*' monitor.out)
	token=$(cat "$TMPDIR/token" 2> /dev/null)
}

# Everything once, and events for as long as it takes to get the first ones.
use()
{
	served=0
	for path in "${paths[@]}"; do
		ask "$path"
		[[ $code == 000 ]] || served=$((served + 1))
		[[ $code == @(200|500|503|000) ]] || fail "allocation $number: $path: status $code"
	done
	tell /api/v1/config '{"threshold_percent": 40}'
	[[ $code == @(200|400|500|000) ]] || fail "allocation $number: settings: status $code"
	# Killed only once it has something: before its exec it is this shell, whose trap would end all.
	rm -f first
	curl -sN -m 20 -H "Authorization: Bearer $token" "$url/api/v1/events" > first 2> /dev/null &
	events_pid=$!
	wait_for 20 eval "[[ -s first ]] || ! kill -0 $events_pid"
	kill "$events_pid" 2> /dev/null
	wait "$events_pid" 2> /dev/null
	events_pid=
}

# Ends it: with code 0, or with 1 and a reason.
end()
{
	kill "$monitor_pid" 2> /dev/null
	wait "$monitor_pid"
	code=$?
	monitor_pid=
	# Before it waits for its signals one ends it.
	[[ $code -eq 0 || ($code -eq 1 && -s monitor.err) ]] ||
		fail "allocation $number: exit code $code: $(cat monitor.err)"
}

number=none
begin 1000000000
use
end
total=$(sed -n 's/^[0-9]* //p' allocations | tail -1)
[[ $total -gt 300 ]] || fail "allocations that are counted: $total"
some=6
[[ ${SOAK:-} ]] && some=300
n=0
for number in $(sample "$some" "$total"); do
	[[ ! ${SOAK:-} ]] || echo "allocation $number" # the last one is the one that hangs
	begin "$number"
	if [[ $url ]]; then
		use
		# What could not be seen is seen by the next look, a second later.
		wait_for 20 eval "state_is '.life == \"closed\" and .trouble == null' || ! kill -0 $monitor_pid"
		# It says where it is before it serves: memory may be short between the two, and at no other time.
		kill -0 "$monitor_pid" 2> /dev/null || [[ $served -eq 0 ]] ||
			fail "allocation $number: the monitor is gone: $(cat monitor.err)"
	fi
	end
	n=$((n + 1))
done
echo "$n of $total allocations"
