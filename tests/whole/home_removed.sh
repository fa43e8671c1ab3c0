#!/bin/bash
# A worker that takes away what stepgate keeps in the repository: journal, lock, status folder.
. "$SRC/tests/lib.sh"

subjects="Step 1: first
Step 2: second
Cycle 1 closed: All work completed"

# Runs a plan whose first worker runs a shell COMMAND, and a second time: nothing is lost by it,
# nothing is done twice, nothing of it is committed.
survives() # NAME COMMAND
{
	make_repository "$1"
	write_config "$1.conf" << END
repository { path = "$1" }
step "first" { shell = "echo 1 > one; $2" }
step "second" { shell = "echo 2 > two; git check-ignore -q .stepgate/lock" }
END
	expect_exit 0 run "$1.conf"
	expect "commits" "$(upstream_subjects "$1")" "$subjects"
	expect "work tree" "$(git -C "$1" status --porcelain)" ""
	expect "files of our own that were committed" \
		"$(git -C "$1" log --name-only --format= | grep '^\.stepgate')" ""
	cp "$errors" said
	expect_exit 0 run "$1.conf"
	expect_stderr "stepgate: the plan is done: nothing to run"
	expect "commits after another run" "$(upstream_subjects "$1")" "$subjects"
	(cd "$1" && "$STEPGATE" status) | grep -q '^Steps done  2' || fail "$1: no steps are known"
}

survives all 'rm -rf .stepgate'
expect_line "stepgate: step 1: .stepgate/lock was taken away while it ran: it is put back" said
expect_line "stepgate: step 1: .stepgate/state.db was taken away while it ran: it is put back" said
survives journal 'rm .stepgate/state.db'
expect_line "stepgate: step 1: .stepgate/state.db was taken away while it ran: it is put back" said
survives log 'rm .stepgate/state.db-wal'
expect_line "stepgate: step 1: .stepgate/state.db was taken away while it ran: it is put back" said
survives index 'rm .stepgate/state.db-shm'
survives lock 'rm .stepgate/lock'
survives moved 'mv .stepgate ../elsewhere'
survives status 'rm -rf status'
expect_line '  "first"' <(jq '.tasks_completed[0]' status/status/EE_CYCLE_STATUS.json | sed 's/^/  /')

# The log alone is taken away, and stepgate killed in the next step: the journal has it all.
make_repository killed
write_config killed.conf << 'END'
repository { path = "killed" }
step "first" { shell = "echo 1 > one; rm .stepgate/state.db-wal .stepgate/state.db-shm" }
step "second" { shell = "echo 2 > two; [ -e ../again ] || { : > ../begun; sleep 1000; }" }
END
"$STEPGATE" run killed.conf > "$out" 2> "$errors" &
pid=$!
wait_for 20 test -e begun
kill -KILL $pid
wait $pid 2> wait.err
touch again
expect_exit 0 run killed.conf
expect_in_stderr 'cycle 1 was cut off: it goes on from STEP'
expect_line 'Cycle 1 closed: All work completed'
expect "steps" "$(upstream_subjects killed | grep -c '^Step')" 2
rm begun again

# A link in the place of the status folder: nothing is written where it leads, no step begins.
make_repository linked
mkdir outside
write_config linked.conf << 'END'
repository { path = "linked" }
step "first" { shell = "rm -rf status; ln -s ../outside status" }
step "second" { shell = ": > ../ran" }
END
expect_exit 1 run linked.conf
expect_in_stderr "stepgate: step 1: $PWD/linked/status: not a folder: refused"
[[ ! -e ran ]] || fail "a step began without a document"
expect "outside" "$(ls -A outside)" ""
rm linked/status
expect_exit 0 run linked.conf
expect_line "Cycle 1 closed: Error encountered" # what could not be said: how that cycle ended
expect_line "Step 2 completed: Tokens: 0.0%; Status: OK, updated & pushed"
rm ran

# Another journal in its place is kept under another name.
survives other 'rm -f .stepgate/state.db*; echo mine > .stepgate/state.db'
expect "the other one" "$(cat other/.stepgate/state.db.damaged-*Z)" mine

# A run that began while the lock was away: the first one begins no further step, and leaves the
# other's journal alone.
make_repository rival
mkfifo go on
write_config a.conf << 'END'
repository { path = "rival" }
step "first" { shell = "rm -rf .stepgate; : > ../gone; read x < ../go" }
step "second" { shell = ": > ../ran" }
END
write_config b.conf << 'END'
repository { path = "rival" }
step "rival" { shell = ": > ../begun; read x < ../on" }
END
"$STEPGATE" run a.conf > a.out 2> a.err &
first=$!
wait_for 10 test -e gone
"$STEPGATE" run b.conf > b.out 2> b.err &
rival=$!
wait_for 10 test -e begun
echo > go
wait "$first"
expect "exit code of the first" $? 1
[[ ! -e ran ]] || fail "a step ran beside another run's"
expect_line "Cycle 1 closed: Error encountered" a.out
grep -q "^stepgate: step 1: .stepgate/lock was taken away while it ran, and another cycle has the \
repository now: .*pid $rival,.*: this one closes" a.err || fail "not told: $(cat a.err)"
echo > on
wait "$rival"
expect "exit code of the rival" $? 0
expect_exit 0 run b.conf
expect_stderr "stepgate: the plan is done: nothing to run"
