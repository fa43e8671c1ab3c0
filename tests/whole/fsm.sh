#!/bin/bash
# `stepgate fsm` shows the machine as it is in fsm/table.h: every row, every move, nothing else.
. "$SRC/tests/lib.sh"

# "STATE EVENT -> STATE" or "STATE EVENT refused: WHY", row by row, as the table has them.
table()
{
	sed -n -e 's/^\tMOVE(\([A-Z]*\), \([A-Z_]*\), \([A-Z]*\)).*/\1 \2 -> \3/p' \
		-e 's/^\tDENY(\([A-Z]*\), \([A-Z_]*\), "\(.*\)").*/\1 \2 refused: \3/p' \
		"$SRC/fsm/table.h"
}

# The same, as the text has them.
shown()
{
	awk '/^[A-Z]+: / { state = substr($1, 1, length($1) - 1) }
		state && /^  [A-Z_]+ +(->|refused:) / { sub(/^ +/, ""); sub(/ +/, " "); print state, $0 }' "$out"
}

expect_exit 0 fsm
expect_stderr ''
expect_line '7 states, 17 events, 119 rows: 22 moves and 97 refusals'
table > table.txt
shown > shown.txt
cmp table.txt shown.txt || fail "what is shown is not the table: $(diff table.txt shown.txt)"
expect 'rows' "$(wc -l < shown.txt)" 119
expect 'lines over 100 columns' "$(grep -c '.\{101\}' "$out")" 0

expect_exit 0 fsm --dot
expect_stderr ''
grep ' -> ' "$out" > edges.txt
expect 'edges' "$(wc -l < edges.txt)" 8
expect_line $'\tSTEP -> COMMIT [label="DONE\\nFAILED\\nTIMED_OUT\\nCRASHED\\nSTOPPED\\nINTERRUPTED"];'
expect_line $'\tPOSTCHECK -> PRECHECK [label="AGAIN", constraint=false];'
expect 'labels' "$(sed 's/.*label="\([^"]*\)".*/\1/; s/\\n/\n/g' edges.txt | wc -l)" 22

for form in '' --dot --promela; do
	# shellcheck disable=SC2086
	"$STEPGATE" fsm $form > /dev/full 2> "$errors"
	expect "exit code of fsm $form into a full disk" $? 1
	expect_in_stderr "can't be written: No space left on device"
done

expect_exit 2 fsm --dot --promela
expect_stdout ''
expect_exit 2 fsm PRECHECK
expect_stdout ''
