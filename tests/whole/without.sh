#!/bin/bash
# deadline: 900
# The tests prove themselves: with a safeguard taken out of the program, the test that is there for it
# fails. Only the file that has the safeguard is built anew.
. "$SRC/tests/lib.sh"

built=$(cat "$BUILD/flags") || fail "no flags in $BUILD"

main_of() # PROGRAM
{
	case $1 in
	stepgate) echo "$BUILD/runner/main.o" ;;
	stepgate-git) echo "$BUILD/runner/helper/main.o" ;;
	*) echo "$BUILD/tests/$1.o" ;;
	esac
}

# As the Makefile has them.
libraries() # NAME...
{
	local name
	for name; do
		sed -n "s/^LIBS_$name *:= *//p" "$SRC/Makefile"
	done
}

libraries_of() # PROGRAM
{
	case $1 in
	stepgate) libraries STEPGATE ;;
	stepgate-git) libraries HELPER ;;
	*) libraries STEPGATE HELPER CHECK ;;
	esac
}

# A folder FLAG like $BUILD, in which the program is built without it.
take_out() # FLAG FILE PROGRAM
{
	mkdir -p "$1" && cp -as "$BUILD"/{tools,unit,stepgate,stepgate-git} "$1" && rm "$1/$3" ||
		fail "can't make the folder $1"
	# shellcheck disable=SC2046,SC2086
	(cd "$SRC" && $built -Wno-error "-D$1" -include fsm/banned.h -c "$2" -o "$OLDPWD/$1/part.o" &&
		$built -Wno-error -o "$OLDPWD/$1/$3" "$(main_of "$3")" "$OLDPWD/$1/part.o" \
			-Wl,--start-group "$BUILD"/lib{runner,helper,sender,stepgate}.a -Wl,--end-group \
			$(libraries_of "$3")) > build.log 2>&1 ||
		fail "can't be built without $1: $(cat build.log)"
}

# Any stepgate ends what is left in the cgroup that it shares with others, so that another test's would
# do the work that was taken out: runs a command in one of its own.
# shellcheck disable=SC2317
apart() # COMMAND...
{
	local own
	own=$(findmnt -n -t cgroup2 -o TARGET | head -1)$(sed -n 's/^0:://p' /proc/self/cgroup)/apart-$$
	mkdir "$own" || fail "no cgroup can be made"
	# shellcheck disable=SC2016
	sh -c 'echo 0 > "$0/cgroup.procs" && exec "$@"' "$own" "$@"
	local code=$?
	find "$own" -depth -type d -exec rmdir {} + 2> /dev/null
	return $code
}

# Has to fail by a check of its own: not for want of time, not by a crash.
must_fail() # FLAG TEST
{
	local place=$PWD/$1 how=env program=$SRC/tests/whole/${2#whole/}.sh words="^${2#whole/}.sh: line "
	[[ $2 == unit/* ]] && program=$place/unit/test_${2#unit/} words='Failures: [1-9]'
	[[ $1 == *_CGROUP_* ]] && how=apart
	mkdir "$1"/{work,tmp}
	local alone=$BUILD/tools/alone
	(cd "$1/work" && export BUILD=$place STEPGATE=$place/stepgate TMPDIR=$place/tmp \
		STEPGATE_GIT_HELPER=$place/stepgate-git && $how "$alone" 600 "$program") \
		> "$1/output" 2>&1
	code=$?
	[[ $code -ne 77 ]] || return 0
	[[ $code -ne 0 ]] || fail "$2 doesn't notice $1"
	grep -q "$words" "$1/output" || fail "$2 doesn't say what is wrong: $(cat "$1/output")"
}

cgroups=
makes_cgroups && cgroups=yes
while read -r flag file program test in_soak; do
	[[ $flag ]] || continue
	[[ $flag == *_CGROUP_* && ! $cgroups ]] && continue
	rm -rf "$flag"
	take_out "$flag" "$file" "$program"
	SOAK='' must_fail "$flag" "$test"
	[[ ${SOAK:-} && $in_soak ]] || continue
	rm -rf "$flag"/{work,tmp}
	SOAK='' must_fail "$flag" "$in_soak"
done << 'END'
STEPGATE_WITHOUT_LOCK        runner/process/lock.c            stepgate     whole/two_runs
STEPGATE_WITHOUT_VERIFYING   runner/helper/push.c     stepgate-git unit/git_push
STEPGATE_WITHOUT_SEARCH      runner/helper/earlier.c  stepgate-git unit/git_again  whole/kill_sweep
STEPGATE_WITHOUT_SYNC        runner/helper/durable.c  stepgate-git unit/git_durable whole/power_cut
STEPGATE_WITHOUT_CGROUP_KILL runner/process/cgroup.c          unit/test_contained unit/contained
STEPGATE_WITHOUT_MARK        runner/process/mark.c            unit/test_contained unit/contained
END
exit 0
