# shellcheck shell=bash
# Sourced by the tests of the monitor, behind tests/lib.sh: one monitor, asked by curl.

url= token= monitor_pid= events_pid= monitor_address=127.0.0.1:0

# Starts it in the current folder on $monitor_address, a port that the system chooses.
monitor_start() # ARG...
{
	rm -f "$TMPDIR/monitor.out"
	"$STEPGATE" monitor --listen "$monitor_address" --token-file "$TMPDIR/token" "$@" \
		> "$TMPDIR/monitor.out" 2> "$TMPDIR/monitor.err" < /dev/null &
	monitor_pid=$!
	wait_for 20 grep -q . "$TMPDIR/monitor.out"
	url=$(grep -o 'http://[^/]*' "$TMPDIR/monitor.out")
	token=$(cat "$TMPDIR/token")
}

monitor_stop()
{
	[[ ! $events_pid ]] || kill "$events_pid" 2> /dev/null
	[[ ! $monitor_pid ]] || kill "$monitor_pid" 2> /dev/null
	wait
	monitor_pid= events_pid=
}

# Asks with the token; $code is the HTTP status, $out the body.
ask() # PATH [CURL-ARG...]
{
	local path=$1
	shift
	last="GET or POST $path $*"
	code=$(curl -s -m 20 -o "$out" -D "$errors" -w '%{http_code}' \
		-H "Authorization: Bearer $token" "$@" "$url$path")
}

tell() # PATH JSON
{
	ask "$1" -H 'Content-Type: application/json' -d "$2"
}

# The same without the token, or whatever else is to be tried.
ask_bare() # PATH [CURL-ARG...]
{
	local path=$1
	shift
	last="without a token: $path $*"
	code=$(curl -s -m 20 -o "$out" -D "$errors" -w '%{http_code}' "$@" "$url$path")
}

expect_status() # STATUS
{
	[[ $code == "$1" ]] || fail "$last: HTTP status $code, not $1"
}

# Whether the state says so: for wait_for.
state_is() # FILTER
{
	ask /api/v1/state && jq -e "$1" "$out" > /dev/null
}

# A config of three steps, each of which prints, says how many TOKENS it uses, and goes on once the file
# go.first, go.second or go.third is in the current folder. What it prints is hostile.
make_three_steps() # REPOSITORY TITLE TOKENS...
{
	local repository=$1 name
	cat > "$repository/worker.sh" << 'END'
#!/bin/sh
printf '\033[32m%s\033[0m <script>window.pwned = 1</script><img src=x onerror=alert(1)>\033]0;title\007\n' "$1"
echo "{\"tokens\": $2}" >&$STEPGATE_USAGE_FD
until [ -e "$PLACE/go.$1" ]; do sleep 0.02; done
echo "$1" > "$1.txt"
END
	chmod +x "$repository/worker.sh"
	printf 'title = "%s"\nenvironment = {"PLACE=%s"}\n' "$2" "$PWD" > "$repository/stepgate.conf"
	shift 2
	for name in First Second Third; do
		printf 'step "%s" {\n    command = {"./worker.sh", "%s", "%s"}\n}\n' "$name" "${name,}" "$1"
		shift
	done >> "$repository/stepgate.conf"
}
