#!/bin/bash
# Damage: what can't be read is kept under another name and said, and the work goes on.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Damaged"
on_failure_work = "commit"
step "one"   { shell = "echo 1 > one; echo one >> ../runs;   echo '{\"tokens\": 40000}' >&3" }
step "two"   { shell = "echo 2 > two; echo two >> ../runs;   echo '{\"tokens\": 40000}' >&3" }
step "three" { shell = "echo 3 > three; echo three >> ../runs; [ -e ../fine ]" }
step "four"  { shell = "echo 4 > four; echo four >> ../runs" }
END
expect_exit 0 run
expect_line 'Cycle 1 closed: Token threshold exceeded: 40.0%'
expect_exit 1 run
expect_line 'Step 3 completed: Tokens: 0.0%; Status: NOK, failed'

# `stepgate report`, which a worker may call at any time, mends nothing.
cp .stepgate/state.db ../state.db
printf 'this is no database' > .stepgate/state.db
expect_exit 1 report hello
expect_stderr "stepgate: $PWD/.stepgate/state.db: file is not a database"
expect "the journal" "$(cat .stepgate/state.db)" 'this is no database'

# The journal is lost: what git's history tells is enough to go on with the right step.
touch ../fine
expect_exit 0 run
expect_in_stderr 'a new journal is begun'
expect_in_stderr "the journal was rebuilt from git's history: the newest cycle in it is 2, and 2 of the plan's 4 steps are done"
expect_line 'Starting Step 3: Tokens at 0.0%'
expect_line 'Cycle 3 closed: All work completed'
expect "what ran" "$(tr '\n' ' ' < ../runs)" 'one two three three four '
[[ -n $(ls .stepgate/state.db.damaged-*) ]] || fail "the damaged journal is not kept"

# The same where the one that set it aside died before it was rebuilt; and it is rebuilt once.
rm -f .stepgate/state.db*
mv ../state.db .stepgate/state.db.damaged-2026-01-01T00:00:00.000000Z
expect_exit 0 run
expect_in_stderr "the journal was rebuilt from git's history: the newest cycle in it is 3, and 4 of the plan's 4 steps are done"
expect_stdout ''
expect_exit 0 run
expect_stderr 'stepgate: the plan is done: nothing to run'

# The status document is rubbish.
sed -i 's/Damaged/Again/' stepgate.conf
mv stepgate.conf again.conf
printf '{"cycle_number": 17, "oops"' > status/EE_CYCLE_STATUS.json
expect_exit 1 status
expect_in_stderr 'EE_CYCLE_STATUS.json: damaged: not one JSON object'
expect_exit 0 run again.conf
expect_in_stderr 'EE_CYCLE_STATUS.json: damaged'
expect_in_stderr 'a new one is begun'
expect_json .cycle_number 4 status/EE_CYCLE_STATUS.json
[[ $(cat status/EE_CYCLE_STATUS.json.damaged-*) == '{"cycle_number": 17, "oops"' ]] || fail "it is not kept"

# A worker cuts off what is mapped of the journal: it goes on. (What is cut in the very moment that it
# is written to ends the run, with words; so each waits until its own process is recorded.)
cd .. || exit 1
make_repository cut && cd cut || exit 1
cat > ../settled.sh << 'END'
until [ "$(sqlite3 .stepgate/state.db "SELECT process != '' FROM step WHERE step = $1" 2> /dev/null)" = 1 ]; do
	sleep 0.01
done
END
write_config stepgate.conf << 'END'
title = "Cut"
step "one"   { shell = "sh ../settled.sh 1; : > .stepgate/state.db-shm; echo 1 > one; echo '{\"tokens\": 5}' >&3" }
step "two"   { shell = "sh ../settled.sh 2; truncate -s 5000 .stepgate/state.db-shm; echo 2 > two; echo '{\"tokens\": 5}' >&3" }
step "three" { shell = "sh ../settled.sh 3; echo junk > .stepgate/state.db-shm; echo 3 > three" }
END
expect_exit 0 run
expect_line 'Step 3 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect_line 'Cycle 1 closed: All work completed'
expect_exit 0 history --json
expect_json .steps_ok 3
expect "the journal" "$(sqlite3 .stepgate/state.db 'PRAGMA integrity_check')" ok
cd ../repo || exit 1

# Links, FIFOs and devices in place of our files are refused; nothing is written through them.
sed -i 's/Again/Odd/' again.conf
mv again.conf odd.conf
refused() # FILE WORDS
{
	expect_exit 1 run odd.conf
	expect_stdout ''
	expect_in_stderr "$2"
	rm -rf "$1"
}
echo precious > ../precious
rm -f status/EE_CYCLE_STATUS.json
ln -s ../../precious status/EE_CYCLE_STATUS.json
refused status/EE_CYCLE_STATUS.json 'not a regular file: refused'
mkfifo status/EE_CYCLE_STATUS.json
refused status/EE_CYCLE_STATUS.json 'not a regular file: refused'
ln -s /dev/zero status/ee_config.json
refused status/ee_config.json 'not a regular file: refused'
mv .stepgate/state.db ../state.db
ln -s ../../state.db .stepgate/state.db
refused .stepgate/state.db 'not a regular file: refused'
mv .stepgate ../elsewhere
ln -s ../elsewhere .stepgate
refused .stepgate 'not a folder: refused'
expect "what the link points to" "$(cat ../precious)" precious

# Damage in the middle, which the look at the opening does not come to: the run that meets it ends, and
# the next one mends it.
cd .. && make_repository middle && cd middle || exit 1
write_config stepgate.conf << 'END'
title = "Middle"
budget { threshold = 20 }
step "one" { shell = "echo 1 > one; echo '{\"tokens\": 40000}' >&3" }
step "two" { shell = "echo 2 > two" }
END
expect_exit 0 run
sqlite3 .stepgate/state.db "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
	INSERT INTO plan_done SELECT 'stepgate.conf', 'zz' || i || hex(zeroblob(50)), 1, 1, 1 FROM n"
page=$(sqlite3 .stepgate/state.db "SELECT pageno FROM dbstat WHERE name = 'plan_done' AND
	pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 20")
dd if=/dev/urandom of=.stepgate/state.db bs=4096 seek=$((page - 1)) count=1 conv=notrunc status=none
expect_exit 1 run
expect_stderr "stepgate: $PWD/.stepgate/state.db: database disk image is malformed"
expect_exit 0 run
expect_in_stderr "$PWD/.stepgate/state.db: the database is damaged in its middle: it is kept as"
expect_in_stderr "the newest cycle in it is 1, and 1 of the plan's 2 steps are done"
expect_line 'Starting Step 2: Tokens at 0.0%'
expect_line 'Cycle 2 closed: All work completed'
