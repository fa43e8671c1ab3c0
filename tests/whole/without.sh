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
	rm -rf "$1" && mkdir "$1" && cp -as "$BUILD"/{tools,unit,stepgate,stepgate-git} "$1" && rm "$1/$3" ||
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

# Has to fail each time, by a check of its own: not for want of time, not by a crash.
must_fail() # TIMES FLAG TEST [SETTING...]
{
	local times=$1 time
	shift
	for ((time = 1; time <= times; time++)); do
		rm -rf "$1"/{work,tmp}
		fails_once "$@"
		[[ $code -ne 77 ]] || { echo "$*: skipped: $(tail -1 "$1/output")"; return; }
	done
	echo "$*: failed $times times of $times"
}

fails_once() # FLAG TEST [SETTING...]
{
	local place=$PWD/$1 how=env program=$SRC/tests/whole/${2#whole/}.sh words="^${2#whole/}.sh: line "
	[[ $2 == unit/* ]] && program=$place/unit/test_${2#unit/} words='Failures: [1-9]'
	[[ $1 == *_CGROUP_* ]] && how=apart
	mkdir "$1"/{work,tmp}
	local alone=$BUILD/tools/alone
	(cd "$1/work" && export BUILD=$place STEPGATE=$place/stepgate TMPDIR=$place/tmp SOAK='' \
		STEPGATE_GIT_HELPER=$place/stepgate-git "${@:3}" && $how "$alone" 600 "$program") \
		> "$1/output" 2>&1
	code=$?
	[[ $code -ne 77 ]] || return 0
	[[ $code -ne 0 ]] || fail "$2 doesn't notice $1"
	grep -q "$words" "$1/output" || fail "$2 doesn't say what is wrong: $(cat "$1/output")"
}

cgroups=
makes_cgroups && cgroups=yes
times=5
[[ ${SOAK:-} ]] && times=25
# A check picks the case that is there for it; a soak has its whole test fail as well, and what it is
# there for when all is put together.
while read -r flag file program test setting in_soak; do
	[[ $flag ]] || continue
	[[ $flag == *_CGROUP_* && ! $cgroups ]] && continue
	take_out "$flag" "$file" "$program"
	must_fail $times "$flag" "$test" "$setting"
	[[ ! ${SOAK:-} ]] || for test in $test $in_soak; do
		must_fail 1 "$flag" "$test"
	done
done << 'END'
STEPGATE_WITHOUT_LOCK            runner/process/lock.c     stepgate            whole/two_runs   ROUNDS=5
STEPGATE_WITHOUT_ACKNOWLEDGEMENT runner/helper/porcelain.c stepgate-git        unit/git_push    ONLY=test_hook_of_the_remote_declines
STEPGATE_WITHOUT_VERIFYING       runner/helper/push.c      stepgate-git        unit/git_push    ONLY=test_push_that_did_not_happen
STEPGATE_WITHOUT_SEARCH          runner/helper/earlier.c   stepgate-git        unit/git_again   ONLY=test_made_and_pushed whole/kill_sweep
STEPGATE_WITHOUT_SYNC            runner/helper/durable.c   stepgate-git        unit/git_durable CK_RUN_CASE=first whole/power_cut
STEPGATE_WITHOUT_CGROUP_KILL     runner/process/cgroup.c   unit/test_contained unit/contained   CK_RUN_CASE=daemons
STEPGATE_WITHOUT_MARK            runner/process/mark.c     unit/test_contained unit/contained   CK_RUN_CASE=daemons
END
exit 0
