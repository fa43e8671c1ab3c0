#!/bin/bash
# No repository, a folder inside one, cron's empty environment, no descriptors, a closed stdout.
. "$SRC/tests/lib.sh"

mkdir plain
write_config plain/stepgate.conf << 'END'
title = "Plain"
step "s" { command = {"true"} }
END
expect_exit 2 run plain/stepgate.conf
[[ ! -e plain/.stepgate ]] || fail "something was made"

# Without git, where the config says so.
write_config plain/nogit.conf << 'END'
title = "No git"
repository { commit = false }
step "s" { shell = "echo done > result" }
END
expect_exit 0 run plain/nogit.conf
expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, not committed'
expect "the work" "$(cat plain/result)" 'done'

make_repository repo
mkdir repo/sub
cp plain/stepgate.conf repo/sub/
expect_exit 2 run repo/sub/stepgate.conf
expect_in_stderr repo

# cron: two folders in PATH, no locale, no terminal.
write_config repo/cron.conf << 'END'
title = "Cron"
step "s" { shell = "echo $PATH > path" }
END
run env -i HOME="$HOME" PATH=/usr/bin:/bin SHELL=/bin/sh LOGNAME=root "$STEPGATE" run repo/cron.conf
expect "exit code" $code 0
expect "PATH" "$(cat repo/path)" /usr/bin:/bin

# No standard descriptors at all.
write_config repo/closed.conf << 'END'
title = "Closed"
step "s" { shell = "echo fine > fine" }
END
"$STEPGATE" run repo/closed.conf <&- >&- 2>&-
code=$?
[[ $code -eq 0 || $code -eq 1 ]] || fail "exit code $code without descriptors"
expect "the work" "$(git -C repo.git show main:fine)" fine

# A stdout that takes nothing: the work is saved all the same, and the failure is told.
write_config repo/full.conf << 'END'
title = "Full"
step "s" { shell = "echo full > full" }
END
"$STEPGATE" run repo/full.conf > /dev/full 2> "$errors"
expect "exit code" $? 1
expect_in_stderr 'stdout'
expect "the work" "$(git -C repo.git show main:full)" full
"$STEPGATE" check 5 > /dev/full 2> /dev/null
expect "exit code of check" $? 1

# A file system that is read-only: said, and nothing is started; what only looks can look.
cd "$TMPDIR" || exit 1
if [[ $(id -u) -eq 0 ]] && unshare -m true 2> /dev/null; then
	make_repository fixed
	write_config fixed/stepgate.conf << 'END'
title = "Fixed"
step "s" { shell = "echo ran > ../ran" }
END
	on_fixed() # ARG...
	{
		# shellcheck disable=SC2016
		run unshare -m sh -c 'mount --bind fixed fixed && mount -o remount,ro,bind fixed && cd fixed && exec "$@"' \
			sh "$STEPGATE" "$@"
	}
	on_fixed run
	expect "exit code on a read-only file system" $code 1
	expect_in_stderr 'Read-only file system'
	[[ ! -e ran ]] || fail "a step was run"
	on_fixed plan
	expect "exit code of plan" $code 0
	(cd fixed && "$STEPGATE" run > /dev/null 2>&1) || fail "it can't be run before"
	rm ran
	on_fixed run --restart
	expect "exit code on one that became read-only" $code 1
	grep -qE 'Read-only file system|read-only|readonly' "$errors" || fail "the reason is not said: $(cat "$errors")"
	[[ ! -e ran ]] || fail "a step was run"
	on_fixed status
	expect "exit code of status" $code 0
fi
