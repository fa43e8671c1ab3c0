#!/bin/bash
# deadline: 180
# Two runs at once, again and again: never two steps at the same time, and who comes too late says so.
. "$SRC/tests/lib.sh"

rounds=${ROUNDS:-25}
[[ ${SOAK:-} ]] && rounds=1000
make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Both"
when_complete = "restart"
repository { push = false }
step "one" { shell = "echo begin >> ../notes; echo x >> work; sleep 0.02; echo end >> ../notes" }
END
git add -A && git commit -q -m config

late=0 both=0
for ((round = 1; round <= rounds; round++)); do
	"$STEPGATE" run > ../a.out 2> ../a.err &
	a=$!
	"$STEPGATE" run > ../b.out 2> ../b.err &
	wait $a
	first=$?
	wait $!
	second=$?
	case $first$second in
	00) both=$((both + 1)) ;;
	03 | 30)
		late=$((late + 1))
		grep -q 'another cycle has the repository: host .*, pid [0-9]*, since 20' ../?.err ||
			fail "round $round: who comes too late doesn't say so: $(cat ../?.err)"
		;;
	*) fail "round $round: exit codes $first and $second: $(cat ../?.err)" ;;
	esac
done
[[ $late -gt 0 ]] || fail "they never met"

# What was begun was ended before anything else began.
wanted=$((both * 2 + late))
expect "steps" "$(grep -c begin ../notes)" $wanted
expect "begins and ends, in turn" "$(paste -d' ' - - < ../notes | sort | uniq -c | tr -s ' ')" \
	" $wanted begin end"
expect "their commits" "$(git log --format=%s | grep -c '^Step 1: one$')" $wanted
expect "the cycles" "$(git log --format=%s | grep -c '^Cycle [0-9]* closed: All work completed$')" $wanted
