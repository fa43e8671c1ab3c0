#!/bin/bash
# deadline: 240
# flavour: release
# Workers that do what they should not: none of what they start lives on, none of them holds up the
# cycle beyond its timeout and a second, and what they print costs no memory.
. "$SRC/tests/lib.sh"

cp "$BUILD/tools/hostile" . || fail "no hostile workers"
most=67108864
[[ ${SOAK:-} ]] && most=1073741824
slack=1000
[[ $BUILD == */asan ]] && slack=5000

run_worker() # NAME
{
	rm -rf repo
	git init -q repo || fail "no repository"
	local bytes=1048576
	[[ $1 == *-line ]] && bytes=$most
	cat > repo/stepgate.conf << END
title = "Hostile"
on_failure = "skip"
budget { on_unknown = "zero" }
repository { commit = false }
step "$1" {
	command = {"../hostile", "$1", "$bytes"}
	timeout = "1s"
	grace = "100ms"
	max_output = "1M"
	max_processes = 400
}
step "after" { command = {"../hostile", "alive"} }
END
	(cd repo && MEASURE_OUTPUT=../said "${wrap[@]}" "$BUILD/tools/measure" 1 "$STEPGATE" run) > figures
	code=$?
}

# Which are to come to their end by themselves.
by_itself()
{
	case $1 in
	term-ignored | bomb | stopped | closed-stdio | flood | usage-flood | spinner | vfork) return 1 ;;
	group-killer) return 1 ;;
	esac
	return 0
}

check_worker() # NAME
{
	local name=$1 wall cpu peak
	: > said
	run_worker "$name"
	./hostile alive > alive || fail "$name: still alive: $(xargs < alive)"
	[[ $code -eq 0 ]] || fail "$name: $(cat said)"
	read -r wall cpu peak < figures
	# The timeout, the grace, and a second; over what a good worker takes.
	[[ $wall -lt $((base + (1100 + slack) * 1000)) ]] || fail "$name: it took $wall µs"
	[[ $BUILD == */asan || $peak -lt 12288 ]] || fail "$name: $peak KiB of memory"
	if by_itself "$name"; then
		grep -q '^Step 1 completed:.*Status: OK' said || fail "$name: not OK: $(cat said)"
	else
		grep -q '^Step 1 completed:.*Status: NOK' said || fail "$name: not NOK: $(cat said)"
	fi
	# A step that looks as soon as it may finds nobody: itself is not counted.
	grep -q '^Step 2 completed:.*Status: OK' said || fail "$name: alive in the next step: $(cat said)"
	local log=repo/.stepgate/logs/cycle-0001/step-01.log
	[[ $(stat -c %s "$log") -le 1048700 ]] || fail "$name: $(stat -c %s "$log") bytes of log"
}

# What is killed together with stepgate is not seen to the end by it.
check_parent_killer()
{
	: > said
	run_worker parent-killer
	wait_for 1 ./hostile alive
	[[ $code -ne 0 ]] || fail "parent-killer: stepgate lives: $(cat said)"
}

count=0 base=10000000
all()
{
	local name rest
	check_worker usage-closer
	read -r base rest < figures
	for name in $(./hostile list); do
		count=$((count + 1))
		[[ $name == parent-killer ]] || check_worker "$name"
	done
}

wrap=()
all
[[ $count -ge 25 ]] || fail "only $count hostile workers"

check_parent_killer
if makes_cgroups; then
	# Once more as where no cgroup can be made.
	wrap=(unshare --mount sh -c 'umount -a -l -t cgroup2,cgroup; exec "$@"' sh)
	"${wrap[@]}" true 2> /dev/null && all && check_parent_killer
fi
exit 0
