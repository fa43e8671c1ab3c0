#!/bin/bash
# A repository has one cycle at a time; who has it is told.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Long"
step "long" { shell = "touch begun; while [ ! -e ../go ]; do sleep 0.01; done" }
END
"$STEPGATE" run > first.out 2>&1 &
first=$!
wait_for 10 test -e begun
expect_exit 3 run
expect_stdout ''
grep -q "another cycle has the repository: host .*, pid $first, since 20.*, cycle 1$" "$errors" ||
	fail "the holder is not told"
expect_exit 3 start --task x
expect_exit 0 status
expect_line 'Cycle 1: running'

# A worker's report gets through all the same.
expect_exit 0 report 'half way'
touch ../go
wait $first
expect "the first one's exit code" $? 0
expect_exit 0 status
expect_line 'Cycle 1: closed'
