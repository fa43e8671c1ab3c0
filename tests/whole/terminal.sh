#!/bin/bash
# What someone sees who watches: the worker's lines, cleaned, and one line that says how far it is.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Watched"
step "Show" {
	shell = 'echo "{\"tokens\": 12345}" >&3; printf "one \033[31mred\033[0m\a line\n"; until [ -e ../seen ]; do sleep 0.01; done; printf "no newline"'
}
END

# script(1) gives it a terminal; what it would show is in the file.
shown()
{
	grep -aqF 'Step 1/1 Show' ../screen && grep -aqF '12,345/70,000 tokens' ../screen
}
script -qefc "stty cols 70; $STEPGATE run" ../screen > /dev/null < /dev/null &
wait_for 20 shown
touch ../seen
wait $! || fail "exit code $?"
grep -aqF '  one red line' ../screen || fail "the worker's line is not shown"
grep -aqF '  no newline' ../screen || fail "the last line is not shown"
grep -aqE $'\033\\[31m|\a' ../screen && fail "control sequences of the worker got to the terminal"
grep -aqF 'Step 1 completed: Tokens: 6.1%; Status: OK, updated & pushed' ../screen || fail "no report"
tr '\r' '\n' < ../screen | sed 's/\x1b\[K//g' | awk 'length > 69 && /Step 1\/1/ {exit 1}' ||
	fail "the line is wider than the terminal"
grep -aqF $'\033[31m' .stepgate/logs/cycle-0001/step-01.log || fail "the log is not as it came"

# Nor is it with wide characters, nor do they hide the figures.
long=$(printf '漢字%.0s' {1..30})
write_config wide.conf << END
title = "Wide"
repository { push = false }
step "$long" { shell = 'echo "{\"tokens\": 12345}" >&3; echo $long; until [ -e ../wide ]; do sleep 0.01; done' }
END
script -qefc "stty cols 70; $STEPGATE run wide.conf" ../screen > /dev/null < /dev/null &
wait_for 20 grep -aqF '12,345/70,000 tokens' ../screen
touch ../wide
wait $! || fail "exit code $?"
while IFS= read -r line; do
	narrow=${line//[^ -~]/}
	[[ $((2 * ${#line} - ${#narrow})) -le 69 ]] || fail "a line is too wide: $line"
done < <(tr '\r' '\n' < ../screen | sed 's/\x1b\[K//g' | grep -a '^Step 1/1.*tokens')
rm wide.conf

# Without a terminal there is no such line.
sed -i 's/Watched/Unwatched/' stepgate.conf
mv stepgate.conf other.conf
expect_exit 0 run other.conf
expect_stderr ''

# Nor does the name of a folder command the terminal.
git init -q ../$'odd\e[31m'
cd ../$'odd\e[31m' || exit 1
write_config stepgate.conf << 'END'
title = "Odd"
repository { push = false }
step "one" { command = {"true"} }
END
expect_exit 0 plan
grep -qF '     in ' "$out" || fail "the folder is not named"
grep -q $'\e' "$out" && fail "a folder's name got to the terminal as it is"
expect_exit 0 run
grep -q $'\e' "$out" "$errors" && fail "a folder's name got to the terminal as it is"
expect_line 'Cycle 1 closed: All work completed'
