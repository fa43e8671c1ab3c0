#!/bin/bash
# `stepgate top` in a terminal of 80 x 24 (tmux): what it shows of a cycle, its keys, other sizes, and
# that the terminal is as it was after any end.
. "$SRC/tests/lib.sh"
command -v tmux > /dev/null || skip "no tmux"
export TERM=xterm-256color

terminals=0
mux()
{
	tmux -f /dev/null -S "$TMPDIR/tmux.$terminals" "$@"
}

finish()
{
	mux kill-server 2> /dev/null
	[[ ! -e r/.stepgate/state.db ]] || (cd r && "$STEPGATE" stop --now) > /dev/null 2>&1
	touch go.first go.second
	wait
}
trap finish EXIT

screen()
{
	mux capture-pane -p -t top > screen 2> /dev/null
}

shows() # TEXT
{
	screen && grep -qF -- "$1" screen
}

expect_shown() # TEXT
{
	local until=$((SECONDS + 20))
	until shows "$1"; do
		[[ $SECONDS -lt $until ]] || fail "not on the screen: $1; there is:"$'\n'"$(cat screen)"
		sleep 0.02
	done
}

press() # KEY...
{
	mux send-keys -t top "$@"
}

# The program as a shell would run it: what the terminal is like afterwards is seen by a mark.
begin() # COLUMNS ROWS
{
	mux kill-server 2> /dev/null
	terminals=$((terminals + 1)) # a server that is about to end takes nobody any more
	mux new-session -d -s top -x "$1" -y "$2" "stty -a > before; echo shell before; \
		'$STEPGATE' top r/stepgate.conf; echo \"ended with \$?\"; stty -a > after; exec sleep 100"
	mux set-option -g remain-on-exit on
}

# Cooked, with the ordinary screen and its lines, and a cursor.
expect_restored()
{
	wait_for 10 test -s after
	expect "the terminal's settings" "$(cat after)" "$(cat before)"
	expect_shown "shell before"
	expect "the other screen" "$(mux display-message -p -t top '#{alternate_on}')" 0
	expect "the cursor" "$(mux display-message -p -t top '#{cursor_flag}')" 1
	rm -f before after
}

make_repository r
cat > r/worker.sh << 'END'
#!/bin/sh
printf '\033[31m%s\033[0m at work \033]0;title\007\n' "$1"
echo "{\"tokens\": $2}" >&$STEPGATE_USAGE_FD
until [ -e "$PLACE/go.$1" ]; do sleep 0.02; done
END
chmod +x r/worker.sh
write_config r/stepgate.conf << END
title = "Nightly"
environment = {"PLACE=$PWD"}
repository { commit = false }
step "First" {
    command = {"./worker.sh", "first", "50000"}
}
step "A second one with a title that is much longer than eighty columns are wide, so that it must be cut" {
    command = {"./worker.sh", "second", "30000"}
}
END

begin 80 24
expect_shown "r: no cycle yet"
expect_shown "Next: Nightly, threshold 35% of 200,000 tokens"
expect_shown "q quit"
press +
expect_shown "threshold 36% of"
expect_json .handoff_threshold_percent 36 r/status/ee_config.json
press - -
expect_shown "threshold 34% of"
press e
expect_shown "nothing runs here to be stopped"

press s
expect_shown "r: cycle 1, Nightly"
expect_shown "first at work"
expect_shown "Token budget OK: 25.0% (remaining: 9.0%) - 50,000/68,000 tokens"
expect_shown "Step 1 of 2: First, for"
expect_shown "running"
expect_shown "Starting Step 1: Tokens at 0.0%"
expect "rows on the screen" "$(wc -l < screen)" 24
touch go.first
expect_shown "OK, not committed"
expect_shown "Step 2 of 2: A second one"
expect "columns on the screen" "$(awk '{ if (length($0) > most) most = length($0) } END { print most <= 80 }' screen)" 1

# Larger, smaller, tiny, and back.
for size in '120 40' '200 60' '40 12' '10 4' '80 24'; do
	# shellcheck disable=SC2086
	set -- $size
	mux resize-window -t top -x "$1" -y "$2"
	wait_for 10 eval '[[ $(mux display-message -p -t top "#{pane_width}x#{pane_height}") == '"$1x$2"' ]]'
	[[ $1 -lt 40 ]] || expect_shown "r: cycle 1, Nightly"
done
expect_shown "Step 2 of 2: A second one"

# Stop now asks; another key than y is a no. Then after the step.
press n
expect_shown "Stop the step now?"
press x
press e
expect_shown "The cycle closes after this step"
touch go.second
expect_shown "closed"
expect_shown "Cycle 1 closed: "
press q
expect_shown "ended with 0"
expect_restored

# On a signal, and on one that no program survives.
for signal in TERM INT HUP SEGV; do
	begin 80 24
	expect_shown "r: cycle 1, Nightly"
	wait_for 10 test -s before
	[[ $signal == SEGV && $(basename "$BUILD") == asan ]] && continue
	pid=$(pgrep -P "$(mux display-message -p -t top '#{pane_pid}')")
	[[ $pid ]] || fail "the program is not found"
	kill -"$signal" "$pid"
	expect_shown "ended with $([[ $signal == SEGV ]] && echo 139 || echo 0)"
	expect_restored
done

run "$STEPGATE" top r/stepgate.conf
expect "exit code without a terminal" "$code" 2
expect_stderr "stepgate: this is no terminal: \`stepgate status\` prints a state"
exit 0
