#!/bin/bash
# A repository has one cycle at a time; who has it is told, and only of the living.
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
expect_exit 0 status --json
expect_json .running true
expect_json '.held_by | test("^host .*, pid '$first', since 20.*, cycle 1$")' true
jq -e 'has("running") or has("held_by")' status/EE_CYCLE_STATUS.json > has.out &&
	fail "the document itself says what only the living can know"
expect "the lock's lines" "$(cut -d' ' -f1 .stepgate/lock | tr '\n' ' ')" \
	'host boot pid start since cycle config end '
grep -qx "config $PWD/stepgate.conf" .stepgate/lock || fail "the lock doesn't name the config"

# A worker's report gets through all the same.
expect_exit 0 report 'half way'

# Held, but by what can't be seen from here: of another host, or by a process that is not the one
# that the lock's file tells of. Neither is said to run, and neither is sent a signal.
unseen() # SED-SCRIPT
{
	cp .stepgate/lock lock.true
	sed "$1" lock.true > lock.false
	cat lock.false > .stepgate/lock
	expect_exit 0 status
	expect_line 'Cycle 1: open, and held by what can'\''t be seen from here'
	expect_exit 0 status --json
	expect_json .running false
	expect_exit 3 run
	expect_in_stderr 'another cycle has the repository'
	expect_exit 1 stop --now
	expect_in_stderr "stepgate: $PWD: what has the repository can't be seen from here: "
	cat lock.true > .stepgate/lock
	rm lock.true lock.false
}
unseen 's/^host .*/host elsewhere/'
unseen "s/^pid .*/pid $$/"
expect_exit 0 status
expect_line 'Cycle 1: running'

touch ../go
wait $first
expect "the first one's exit code" $? 0
expect_exit 0 status
expect_line 'Cycle 1: closed'

# The lock dies with its holder, and so does the word that it runs.
rm ../go begun
sed -i 's/"Long"/"Killed"/' stepgate.conf
mv stepgate.conf killed.conf
"$STEPGATE" run killed.conf > second.out 2>&1 &
second=$!
wait_for 10 test -e begun
kill -KILL $second
wait $second 2> wait.err
expect_exit 0 status
expect_line 'Cycle 2: open, and nothing is at work on it'
expect_exit 0 status --json
expect_json '[.running, .held_by] | tojson' '[false,null]'
expect_exit 1 stop
expect_stderr "stepgate: $PWD: nothing runs here to be stopped: cycle 2 is open and was cut off: the next \`stepgate run\` goes on with it"
touch ../go
expect_exit 0 run killed.conf
expect_line 'Cycle 2 closed: All work completed'
