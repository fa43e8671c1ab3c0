#!/bin/bash
# The tools that do harm do it: sysfault counts, kills, fails and shortens the call it is told to.
. "$SRC/tests/lib.sh"

sysfault=$BUILD/tools/sysfault
run "$sysfault" -r report true
[[ $code -ne 77 ]] || skip "system calls can't be watched here: $(cat "$errors")"
expect "exit code" "$code" 0
calls=$(sed -n 's/^calls //p' report)
[[ $calls -gt 10 ]] || fail "only $calls calls are counted"
run "$sysfault" -r again true
expect "calls, counted again" "$(sed -n 's/^calls //p' again)" "$calls"

run "$sysfault" sh -c 'exit 5'
expect "the command's exit code" "$code" 5
run "$sysfault" sh -c 'kill -TERM $$'
expect "exit code of one that was ended by a signal" "$code" 143
run "$sysfault" -x true
expect "exit code of a wrong option" "$code" 126

rm report
run "$sysfault" -k 10 -r report sh -c 'echo too late'
expect "exit code of one that was killed" "$code" 137
expect_stdout ''
grep -q '^killed at call 10: ' report || fail "the kill is not reported"

# With all there is below it; or only in one program of them, and the others go on.
run "$sysfault" -o write -k 1 sh -c 'sleep 1000 & echo too late'
expect "exit code of a killed tree" "$code" 137
expect_stdout ''
run "$sysfault" -p cat -k 5 sh -c 'echo lost | cat; echo "after $?"'
expect_stdout 'after 137'
run "$sysfault" -m -o write -e 1:EIO sh -c '/bin/echo child; echo own'
expect_stdout 'child'
expect "exit code after an error" "$code" 1

rm report
run "$sysfault" -o write -e 2:ENOSPC -r report -t trace sh -c 'echo one; echo two; echo three'
expect_stdout $'one\nthree'
expect_in_stderr 'I/O error'
grep -q "^failed at call 2: write .*/stdout" report || fail "the failure is not reported"
grep -q '^[0-9]* write .*/stdout = -28$' trace || fail "the failure is not in the trace"
grep -q '^[0-9]* write .*/stdout = 6$' trace || fail "the third write is not in the trace"

run "$sysfault" -s 1 -t short sh -c 'echo halfhalf'
grep -q '^[0-9]* write .* = 4$' short || fail "the write was not shortened: $(cat short)"

# An allocation of one program, by number; others are left alone.
cp "$(command -v sort)" stepgate
export LD_PRELOAD=$BUILD/tools/failing_malloc.so
export FAILING_PROGRAM=stepgate
run env FAILING_ALLOCATION=1000000 ALLOCATIONS="$PWD/count" ./stepgate /dev/null
expect "exit code where none fails" "$code" 0
count=$(awk 'END { print $2 }' count)
[[ $count -gt 0 ]] || fail "no allocation was counted"
failed=0
for ((number = count; number > 0 && number > count - 50; number--)); do
	run env FAILING_ALLOCATION="$number" ./stepgate /dev/null
	[[ $code -eq 0 ]] || failed=$((failed + 1))
done
[[ $failed -gt 0 ]] || fail "no allocation failed"
run env FAILING_ALLOCATION="$count" sort /dev/null
expect "exit code of another program" "$code" 0
exit 0
