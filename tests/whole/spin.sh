#!/bin/bash
# flavour: release
# The rules, proved by SPIN on the model that `stepgate fsm --promela` prints; and the model, proved
# able to fail: with one row of it changed, the rule that this row breaks does not hold any more.
# deadline: 300
. "$SRC/tests/lib.sh"
set -e

command -v spin >spin_path || skip "spin is not installed"

# Makes FOLDER/pan, the verifier of FOLDER/model.pml.
build() # FOLDER
{
	(
		cd "$1"
		spin -a model.pml >spin.log || fail "spin: $(cat spin.log)"
		"${CC:-cc}" -O0 -w -o pan pan.c
	)
}

# Prints "holds" or "fails", from a search that was not cut short.
verdict() # FOLDER PROPERTY [fair]
{
	(
		cd "$1"
		./pan -a ${3:+-f} -m100000 -N "$2" >"$2.log" 2>&1
		! grep -q 'max search depth too small\|out of memory' "$2.log" || fail "$2: $(cat "$2.log")"
		grep -q "never claim.*($2)" "$2.log" || fail "$2: not what was checked: $(cat "$2.log")"
		case $(sed -n 's/.*errors: //p' "$2.log") in
		0) echo holds ;;
		1) echo fails ;;
		*) fail "$2: $(cat "$2.log")" ;;
		esac
	)
}

expect_verdict() # FOLDER PROPERTY holds|fails [fair]
{
	local given
	given=$(verdict "$1" "$2" "${4-}")
	[ "$given" = "$3" ] || fail "$1: property $2 $given: $(cat "$1/$2.log")"
}

# The model with one row changed, on which the property must fail.
mutant() # NAME STATE EVENT ACTION PROPERTY [fair]
{
	mkdir "$1"
	sed "s/(state == $2 \&\& event == $3) -> .*/(state == $2 \&\& event == $3) -> $4/" true/model.pml \
		>"$1/model.pml"
	[ "$(diff true/model.pml "$1/model.pml" | grep -c '^>')" = 1 ] || fail "$1: not one row changed"
	build "$1"
	expect_verdict "$1" "$5" fails "${6-}"
}

mkdir true
"$STEPGATE" fsm --promela >true/model.pml
[ "$(grep -c '^ltl ' true/model.pml)" = 9 ] || fail "not nine properties"
[ "$(grep -c '(state == [A-Z]* && event == [A-Z_]*) ->' true/model.pml)" = 119 ] || fail "not 119 rows"
build true
for rule in r1 r2 r3 r4 r5 r6; do
	expect_verdict true "$rule" holds
done
for liveness in saved answered closed; do
	expect_verdict true "$liveness" holds fair
done

mutant no_gate POSTCHECK AGAIN 'move(STEP, REPEATS)' r1
mutant lost_work STEP USER 'move(CLOSED, CLOSES)' r2
mutant no_receipt COMMIT ERROR 'move(REPORT, CLOSES)' r3
mutant skipped_check REPORT TOLD 'move(PRECHECK, TELLS)' r4
mutant early_way_back REPORT AGAIN 'move(PRECHECK, REPEATS)' r5
mutant way_out CLOSED BEGIN 'move(PRECHECK, OPENS)' r6
mutant open_at_the_limit PRECHECK PASS 'move(STEP, PASSES)' r1
mutant stuck_report REPORT TOLD 'refuse()' saved fair
mutant nothing_closes PRECHECK DONE 'move(IDLE, ENDS)' answered fair
