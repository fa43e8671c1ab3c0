#!/bin/bash
# A config that runs by itself: what is printed for cron and for systemd, put in place and taken away.
. "$SRC/tests/lib.sh"

make_repository repo
mkdir "100% the users' own"
conf="$PWD/100% the users' own/nightly.conf"
write_config "$conf" << 'END'
title = "Nightly"
repository { path = "../repo" lock_timeout = "10s" push_timeout = "20s" }
step "one" { shell = "echo 1 > one" grace = "7s" }
report "log" { type = "file" path = "../reports/log.jsonl" }
report "bell" { type = "program" command = {"true"} timeout = "3s" }
END
mkdir reports
cd repo || exit 1

# Wrong times, each with its field's name; nothing is printed.
refused() # WHEN WORDS
{
	expect_exit 2 schedule "$conf" "$1"
	expect_stdout ''
	expect_stderr "stepgate: $2"
}
five='not five: minute, hour, day of the month, month, day of the week, as in "0 3 * * *"'
refused '0 3 * *' "the time has 4 fields, $five"
refused '' "the time has 0 fields, $five"
refused '0 3 * * * x' "the time has 6 fields, $five"
refused '60 3 * * *' 'minute: 60 is not within 0 to 59'
refused '0 24 * * *' 'hour: 24 is not within 0 to 23'
refused '0 3 0 * *' 'day of the month: 0 is not within 1 to 31'
refused '0 3 * 13 *' 'month: 13 is not within 1 to 12'
refused '0 3 * * 8' 'day of the week: 8 is not within 0 to 7'
refused '0 3 * foo *' "month: 'foo': it takes figures from 1 to 12 or jan to dec"
refused '0 3 31 feb *' 'day of the month: no such day in these months: it would never run'
refused '*/0 3 * * *' "minute: '0' is no step: it takes figures from 1 to 60"
refused '*/61 3 * * *' "minute: '61' is no step: it takes figures from 1 to 60"
refused '0 5/2 * * *' 'hour: a step goes with * or a range: 5-23/2'
refused '0 9-5 * * *' 'hour: 9-5 goes backwards'
refused '@reboot' "'@reboot' is no time: @yearly, @monthly, @weekly, @daily, @hourly are, or five fields as in \"0 3 * * *\""
expect_exit 2 schedule "$conf"
expect_stderr 'stepgate: WHEN is missing: as in "0 3 * * *"'
expect_exit 2 schedule "$conf" '@daily' --install --remove
expect_exit 2 schedule "$conf" '@daily' --remove

# The line runs as cron runs it: from any folder, with its PATH, whatever is in the path of the config.
expect_exit 0 schedule "$conf" '0 3 * * mon-fri'
expect_stderr ''
expect_line "# BEGIN stepgate $conf"
expect_line "# END stepgate $conf"
# What becomes of a time that is skipped or comes twice, and of a run that was missed.
for words in 'makes up for a time that the change to' 'does not run twice when the clock is set back' \
	'is not made up for: `stepgate schedule --systemd` does that'; do
	grep -qF -- "$words" "$out" || fail "the crontab block does not say: $words"
done
line=$(grep -v '^#' "$out")
expect "the lines that are no comments" "$(wc -l <<< "$line")" 1
expect "the times" "${line%% /*}" '0 3 * * 1-5'
[[ $line == *" run --quiet --jitter 5m "* ]] || fail "not quiet, or no jitter: $line"
[[ $line == *"100\\% the users"* ]] || fail "the % is not escaped: $line"
command=${line#* * * 1-5 }
command=${command/--jitter 5m/--jitter 5ms}
(cd / && env -i HOME="$HOME" LOGNAME=x SHELL=/bin/sh PATH=/usr/bin:/bin \
	/bin/sh -c "${command//\\%/%}") > "$out" 2>&1
expect "exit code under cron" $? 0
expect_stdout ''
expect "what it did" "$(upstream_subjects ../repo)" 'Step 1: one
Cycle 1 closed: All work completed'

# What only this shell's environment makes run is named.
write_config token.conf << 'END'
step "one" { command = {"true"} environment = {"TOKEN=${NIGHTLY_TOKEN}"} }
END
export NIGHTLY_TOKEN=secret
expect_exit 0 validate token.conf
expect_exit 2 schedule token.conf '@daily'
expect_in_stderr 'token.conf:1: '
expect_in_stderr 'NIGHTLY_TOKEN'
expect_in_stderr '(it is right here, but there only HOME, LOGNAME, SHELL and PATH are set)'
expect_exit 2 schedule nowhere.conf '@daily' --systemd

# Into the crontab and out of it; what else is there stays, byte for byte.
mkdir ../bin
cat > ../bin/crontab << 'END'
#!/bin/sh
tab=$(dirname "$0")/../tab
case $1 in
-l) [ -e "$tab" ] || { echo "no crontab for $LOGNAME" >&2; exit 1; }; cat "$tab" ;;
-) cat > "$tab.new" && mv "$tab.new" "$tab" ;;
esac
END
chmod +x ../bin/crontab
tab=$(realpath ..)/tab
export PATH="$PWD/../bin:$PATH"
expect_exit 0 schedule "$conf" '@daily' --install
expect_stdout "In the crontab now: $conf at 0 0 * * *"
expect "its lines" "$(grep -cv '^#' "$tab")" 1
expect_exit 0 schedule "$conf" --remove
expect_stdout "Out of the crontab now: $conf"
[[ ! -s $tab ]] || fail "something was left in the crontab"
expect_exit 1 schedule "$conf" --remove
expect_stderr "stepgate: $conf: there is nothing of it in the crontab"

printf 'MAILTO=x\n\n  # mine \t\n0 1 * * * a\\%%b\n# BEGIN stepgate /other.conf\n1 1 * * * x\n# END stepgate /other.conf\n\n\n# last' > "$tab"
cp "$tab" before
expect_exit 0 schedule "$conf" '5 4 * * *' --install
expect "what was there" "$(head -c "$(stat -c %s before)" "$tab" | cmp - before && echo same)" same
echo '7 7 * * * y' >> "$tab"
sed '/^# BEGIN stepgate \/[^o]/,/^# END stepgate \/[^o]/d' "$tab" > without
expect_exit 0 schedule "$conf" '6 4 * * *' --install
grep -q '^6 4 ' "$tab" || fail "it was not replaced"
grep -q '^5 4 ' "$tab" && fail "it is there twice"
expect "the last line" "$(tail -1 "$tab")" '7 7 * * * y'
expect_exit 0 schedule "$conf" --remove
cmp -s without "$tab" || fail "more was changed than our block: $(diff without "$tab")"

printf '# BEGIN stepgate %s\n0 1 * * * x\n' "$conf" > "$tab"
cp "$tab" before
for action in '--remove' '@daily --install'; do
	# shellcheck disable=SC2086
	expect_exit 1 schedule "$conf" $action
	expect_stderr "stepgate: the crontab: the lines that begin and end the block of $conf are no pair: mend it with \`crontab -e\`; it was left as it is"
	cmp -s before "$tab" || fail "the crontab was changed"
done

printf '#!/bin/sh\necho "you may not use this program" >&2\nexit 1\n' > ../bin/crontab
expect_exit 1 schedule "$conf" '@daily' --install
expect_stderr 'stepgate: crontab -l: exit status 1: you may not use this program'
cmp -s before "$tab" || fail "the crontab was changed"

# For systemd: written where the user's own looks, and taken away.
expect_exit 0 schedule "$conf" '30 2 1,15 * fri' --systemd --jitter 90s
cp "$out" printed
expect_line 'OnCalendar=*-*-01,15 02:30:00'
expect_line 'OnCalendar=Fri *-*-* 02:30:00'
for words in 'skips is left out' 'comes twice when the clock is set back counts once' 'is made up for, once'; do
	grep -qF -- "$words" "$out" || fail "the timer does not say: $words"
done
expect_line 'Persistent=true'
expect_line 'RandomizedDelaySec=90000ms'
expect_line 'KillMode=mixed'
# Its grace, then two commits (10 s + 20 s + 10 s) and two reports (3 s + 2 s, and the file's 2 s).
expect_line 'TimeoutStopSec=104'
expect_line "ReadWritePaths=\"$(realpath ../repo)\" \"$(realpath ../reports)\""
cp "$conf" kept
printf 'report "within" { type = "file"  path = "%s/within.jsonl" }\n' "$(realpath ../repo)" >> "$conf"
expect_exit 0 schedule "$conf" '30 2 1,15 * fri' --systemd --jitter 90s
expect_line "ReadWritePaths=\"$(realpath ../repo)\" \"$(realpath ../reports)\""
cp kept "$conf"
cp printed "$out"
for word in NoNewPrivileges=yes ProtectSystem=strict PrivateTmp=yes; do
	expect_line $word
done
expect_exit 0 schedule "$conf" '30 2 1,15 * fri' --systemd --jitter 90s --install
units=$HOME/.config/systemd/user
name=$(basename "$units"/*.timer .timer)
[[ $name == stepgate-nightly-* ]] || fail "the name is $name"
expect_line '  systemctl --user daemon-reload'
expect_line "  systemctl --user enable --now $name.timer"
{ cat "$units/$name.service" && echo && cat "$units/$name.timer"; } > installed
grep -v "^# $units/" printed | cmp -s - installed || fail "what is installed is not what is printed"

if command -v systemd-analyze > /dev/null; then
	mkdir -p "$TMPDIR/run"
	XDG_RUNTIME_DIR=$TMPDIR/run run systemd-analyze --user --man=no verify "$units/$name.service" \
		"$units/$name.timer"
	expect "what systemd says of the units: $(cat "$errors")" $code 0
	expect_stderr ''
	sed -n 's/^OnCalendar=//p' "$units/$name.timer" | while read -r calendar; do
		systemd-analyze calendar "$calendar" > "$out" 2>&1 || fail "no calendar: $calendar"
	done || exit 1
fi

mkdir "$units/timers.target.wants"
ln -s ../$name.timer "$units/timers.target.wants/$name.timer"
expect_exit 0 schedule "$conf" --systemd --remove
expect "what is left" "$(find "$units" -type f -o -type l)" ''
expect_exit 1 schedule "$conf" --systemd --remove
expect_stderr "stepgate: $units/$name.service: there is no such file"
echo mine > "$units/$name.service"
expect_exit 1 schedule "$conf" '@daily' --systemd --install
expect_stderr "stepgate: $units/$name.service: it was not written by stepgate: it was left as it is"
expect "what the user wrote" "$(cat "$units/$name.service")" mine
command -v systemd-analyze > /dev/null || skip "systemd-analyze is not installed: the units were not verified"
