#!/bin/bash
# flavour: release
# A table that breaks a rule must not compile: every row is changed to every other state and to a
# refusal, is dropped, is doubled, loses its words, and rules.c must stop the build for exactly those
# mutants that tests/data/fsm/harmless.txt does not list. A sample, drawn by SEED; all with SOAK=1.
# deadline: 300
. "$SRC/tests/lib.sh"
set -e

seed=${SEED:-$(date +%s)}
sample=${SAMPLE:-150}
list=$SRC/tests/data/fsm/harmless.txt
rows='^\t\(MOVE\|DENY\)(\([A-Z]*\), \([A-Z_]*\), \(.*\))\( *\\\)\?$'

compile()
{
	"${CC:-cc}" -std=gnu11 -fsyntax-only -I. -I"$SRC" "$SRC/fsm/rules.c" 2>words
}

# A copy of the table with one row replaced.
mutate() # STATE EVENT REPLACEMENT
{
	sed "s/^\t[A-Z]*($1, $2, .*)\( *\\\\\)\?\$/$3/" "$SRC/fsm/table.h" >fsm/table.h
	! cmp -s fsm/table.h "$SRC/fsm/table.h" || fail "$1 $2: the row was not changed"
}

make_mutant() # STATE EVENT CHANGE
{
	case $3 in
	DROPPED) mutate "$1" "$2" '\1' ;;
	DOUBLED) mutate "$1" "$2" 'DENY('"$1, $2"', "twice") &' ;;
	EMPTY) mutate "$1" "$2" 'DENY('"$1, $2"', "")\1' ;;
	REFUSED) mutate "$1" "$2" 'DENY('"$1, $2"', "a mutant")\1' ;;
	*) mutate "$1" "$2" "MOVE($1, $2, $3)\\1" ;;
	esac
}

all_mutants()
{
	sed -n "s/$rows/\1 \2 \3 \4/p" "$SRC/fsm/table.h" | while read -r kind from event to; do
		[ "$kind" = MOVE ] || to=REFUSED
		for other in $states REFUSED DROPPED DOUBLED EMPTY; do
			[ "$other" = "$to" ] || echo "$from $event $other"
		done
	done
}

judge() # STATE EVENT CHANGE
{
	make_mutant "$1" "$2" "$3"
	if grep -q "^$1 $2 $3: " "$list"; then
		compile || fail "$1 $2 $3 is listed as harmless, but stops the build: $(cat words)"
	elif compile; then
		fail "$1 $2 $3 breaks no rule, and is not in the list"
	else
		grep -q 'R[1-7]: \|CELL_' words || fail "$1 $2 $3 stops the build by accident: $(cat words)"
	fi
}

mkdir fsm
cp "$SRC/fsm/table.h" fsm/
compile || fail "the true table does not compile: $(cat words)"
states=$(sed -n "s/$rows/\2/p" fsm/table.h | uniq)
[ "$(sed -n "s/$rows/\2 \3/p" fsm/table.h | sort -u | wc -l)" = 119 ] || fail "not 119 rows of one line each"

all_mutants >all
[ "$(wc -l <all)" = $((119 * 10)) ] || fail "not ten mutants a row: $(wc -l <all)"
grep -v '^#\|^$' "$list" | sed 's/:.*//' >harmless
while read -r mutant; do
	grep -qx "$mutant" all || fail "$mutant is listed as harmless, but is no mutant"
done <harmless

if [ "${SOAK:-0}" = 1 ]; then
	cp all drawn
else
	echo "SEED=$seed"
	awk -v seed="$seed" 'BEGIN { srand(seed) } { print rand() "\t" $0 }' all |
		sort -g | cut -f 2 | head -n "$sample" | sort -u - harmless >drawn
	printf '%s\n' 'STEP DONE DROPPED' 'STEP DONE DOUBLED' 'STEP TOLD EMPTY' 'CLOSED ERROR DROPPED' >>drawn
fi
while read -r from event to; do
	judge "$from" "$event" "$to"
done <drawn
echo "$(wc -l <drawn) mutants of $(wc -l <all)"
