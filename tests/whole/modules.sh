#!/bin/bash
# The modules that come with stepgate: a gate that looks at the machine, and a step that runs make.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
echo '*.conf' > .git/info/exclude
cycle=0
run_with() # CODE SECTIONS
{
	write_config modules.conf << END
title = "Modules"
on_failure = "skip"
when_complete = "restart"
$2
END
	cycle=$((cycle + 1))
	expect_exit "$1" run modules.conf
}
machine() # CODE OPTIONS...
{
	local code=$1
	shift
	run_with "$code" "gate \"m\" { module = \"machine\" options = {$*} }
step \"work\" { command = {\"true\"} }"
}

for options in '"load=0"' '"load=0", "disk=1K"' '"disk=0%", "load=1000.5"' '"load=0", "memory=1M"'; do
	machine 0 "$options"
	expect_line "Cycle $cycle closed: All work completed"
done
machine 0 '"disk=1000T"'
grep -qx "Cycle $cycle closed: Gate refused: m: [0-9.]* GiB of the disk are free, and 1024000.0 are to be" \
	"$out" || fail 'no refusal for the disk'
machine 0 '"disk=100%"'
grep -q "Gate refused: m: " "$out" || fail "no refusal for a share of the disk"
machine 0 '"load=0", "memory=100T"'
grep -qx "Cycle $cycle closed: Gate refused: m: [0-9.]* GiB of the memory are free, and 102400.0 are to be" \
	"$out" || fail 'no refusal for the memory'
bad() # OPTIONS WORDS
{
	machine 1 "$1"
	expect_in_stderr "gate \"m\": no verdict, so step 1 does not start: "
	expect_in_stderr "/machine.so: $2"
}
size='it is to be a size like 500M or 5G, or a share like 10%'
bad '"disk=much"' "disk: $size"
bad '"disk=-1G"' "disk: $size"
bad '"disk=101%"' "disk: $size"
bad '"disk=5GB"' "disk: $size"
bad '"memory="' "memory: $size"
bad '"load=high"' 'load: it is to be a number like 1.5'
bad '"discs=5G"' 'discs=5G: no such option: there are disk, load and memory'

# make
cat > Makefile << 'END'
all:
	@echo all was made
good:
	@echo good was made
bad:
	@echo bad was tried; exit 3
worse: part
part:
	@kill -9 $$$$
leaves:
	@sleep 1000 &
END
mkdir sub
printf 'deep:\n\techo deep > deep.txt\n' > sub/GNUmakefile
git add . && git commit -q -m Makefile && git push -q
makes() # STATUS OPTIONS WHY
{
	run_with 0 "step \"make\" { module = \"make\" options = {$2} }"
	grep -q "^Step 1 completed: .*Status: $1, " "$out" || fail "not $1"
	expect "why of $2" "$(sqlite3 .stepgate/state.db \
		"select coalesce(why, '') from step where cycle = $cycle")" "$3"
	log=$(cat .stepgate/logs/cycle-"$(printf %04d $cycle)"/step-01.log)
}
makes OK '"stop=no"' ''
expect 'the log' "$log" 'all was made'
makes OK '"targets=good all", "jobs=2"' ''
makes OK '"targets=deep", "directory=sub"' ''
expect 'what was made' "$(cat sub/deep.txt)" deep
makes NOK '"targets=bad good  worse"' \
	'2 of 3 failed: bad (Makefile:6, exit status 2), worse (Makefile:9, exit status 2)'
grep -qx 'good was made' <<< "$log" || fail 'the others were not tried'
makes NOK '"targets=bad good", "stop=yes"' \
	'1 of 2 failed: bad (Makefile:6, exit status 2); the others were not tried'
makes NOK '"targets=no-such"' '1 of 1 failed: no-such (exit status 2)'
makes OK '"targets=leaves"' ''
! pgrep -f '^sleep 1000$' > /dev/null || fail 'what a recipe left running outlived the step'
makes NOK '"program=no-such-make"' 'no-such-make: No such file or directory'
makes NOK '"targets= "' 'targets= : none is named'
makes NOK '"jobs=0"' 'jobs=0: it is a whole number from 1 to 9999'
makes NOK '"jobs=4x"' 'jobs=4x: it is a whole number from 1 to 9999'
makes NOK '"stop=maybe"' 'stop=maybe: it is yes or no'
makes NOK '"target=all"' \
	'target=all: no such option: there are targets, directory, jobs, stop and program'

write_config none.conf << 'END'
step "s" { module = "no-such-module" }
END
expect_exit 2 validate none.conf
expect_stderr 'stepgate: none.conf:1: module = "no-such-module": there is no such module'
exit 0
