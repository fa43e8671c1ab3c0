#!/bin/bash
# stepgate is killed in each state that it can die in; a plain run mends it.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
doc=status/EE_CYCLE_STATUS.json

# Starts a run in the background, waits for a file, and kills the run.
kill_at() # CONF FILE
{
	"$STEPGATE" run "$1" > "$out" 2> "$errors" &
	local pid=$!
	wait_for 20 test -e "$2"
	kill -KILL $pid
	wait $pid 2> /dev/null
	return 0
}

# The commits upstream that bear a trailer.
commits() # CYCLE STEP
{
	git -C ../repo.git log --format='%(trailers:key=Stepgate-Cycle,key=Stepgate-Step,separator=%x2C)' main |
		grep -cx "Stepgate-Cycle: $1,Stepgate-Step: $2"
}

# STEP: what it used is kept, it is recorded as interrupted, and tried again with the same key.
write_config step.conf << 'END'
title = "Step"
step "long" {
	shell = 'echo "$STEPGATE_STEP_KEY" >> ../keys; echo half >> half; echo "{\"tokens\": 20000}" >&3; if [ ! -e ../again ]; then touch ../begun; while :; do sleep 0.01; done; fi'
}
END
sampled()
{
	[[ $(sqlite3 .stepgate/state.db 'SELECT own FROM step' 2> /dev/null) == 20000 ]]
}
"$STEPGATE" run step.conf > "$out" 2> "$errors" &
pid=$!
wait_for 20 sampled
kill -KILL $pid
wait $pid 2> /dev/null
expect_exit 0 status
expect_line 'Cycle 1: open, and nothing is at work on it'
touch ../again
expect_exit 0 run step.conf
expect_in_stderr 'cycle 1 was cut off: it goes on from STEP'
expect_stdout 'Step 1 completed: Tokens: 10.0%; Status: NOK, not committed
Starting Step 1: Tokens at 10.0%
Step 1 completed: Tokens: 20.0%; Status: OK, updated & pushed
Cycle 1 closed: All work completed'
expect "keys" "$(sort -u ../keys | wc -l) of $(wc -l < ../keys)" '1 of 2'
expect "the salvage of the first try" "$(git -C ../repo.git show refs/stepgate/salvage/1-1:half)" half
expect_json '.steps_completed[-1].status' OK $doc

# COMMIT: the push was under way. One commit, and it is on the remote.
write_config commit.conf << 'END'
title = "Commit"
step "work" { shell = "echo work >> ../runs; echo work > work" }
END
cat > ../repo.git/hooks/pre-receive << END
#!/bin/sh
touch "$PWD/../pushing"
while [ ! -e "$PWD/../go" ]; do sleep 0.01; done
END
chmod +x ../repo.git/hooks/pre-receive
kill_at commit.conf ../pushing
touch ../go
expect_exit 0 run commit.conf
expect_in_stderr 'cycle 2 was cut off: it goes on from COMMIT'
expect_stdout 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed
Cycle 2 closed: All work completed'
expect "commits of the step" "$(commits 2 1)" 1
expect "how often the worker ran" "$(wc -l < ../runs)" 1
expect "the upstream" "$(git -C ../repo.git rev-parse main)" "$(git rev-parse HEAD)"

# CLOSED: the closing words were under way.
rm ../pushing ../go
sed -i 's/^while/git log -1 --format=%s $(cut -d" " -f2) | grep -q ^Cycle || exit 0\nwhile/; s/^touch/: touch/' ../repo.git/hooks/pre-receive
cat > ../repo.git/hooks/pre-receive << END
#!/bin/sh
read old new ref
git log -1 --format=%s \$new | grep -q ^Cycle || exit 0
touch "$PWD/../pushing"
while [ ! -e "$PWD/../go" ]; do sleep 0.01; done
END
sed -i 's/Commit/Closing/' commit.conf
mv commit.conf closing.conf
kill_at closing.conf ../pushing
touch ../go
expect_exit 0 run closing.conf
expect_in_stderr 'cycle 3 was cut off: it goes on from CLOSED'
expect_stdout 'Cycle 3 closed: All work completed'
expect "closing commits" "$(git -C ../repo.git log --format=%s main | grep -c '^Cycle 3 closed')" 1
expect "the upstream" "$(git -C ../repo.git rev-parse main)" "$(git rev-parse HEAD)"
expect "the work tree" "$(git status --porcelain)" ''
rm ../repo.git/hooks/pre-receive

# The remote takes no closing words: the run says so, and the next one's first work is to bring them.
printf '#!/bin/sh\nread old new ref\ngit log -1 --format=%%s $new | grep -q ^Cycle && exit 1\nexit 0\n' \
	> ../repo.git/hooks/pre-receive
chmod +x ../repo.git/hooks/pre-receive
sed 's/Closing/Words/' closing.conf > words.conf
expect_exit 1 run words.conf
expect_line 'Cycle 4 closed: All work completed'
expect_in_stderr 'the closing words of cycle 4: the remote refused the push'
expect_exit 1 run words.conf
rm ../repo.git/hooks/pre-receive
expect_exit 0 run words.conf
expect_in_stderr 'the plan is done'
expect "the upstream" "$(git -C ../repo.git rev-parse main)" "$(git rev-parse HEAD)"
expect "closing commits" "$(git -C ../repo.git log --format=%s main | grep -c '^Cycle 4 closed')" 1

# A report that was on disk and not delivered is delivered by the next run, once.
write_config report.conf << END
title = "Report"
step "one" { command = {"true"} }
report "slow" {
	type = "program"
	command = {"sh", "-c", "cat >> ../delivered; [ -e ../told ] || { touch ../told; sleep 100; }"}
	timeout = "100s"
	on = {"step"}
}
END
kill_at report.conf ../told
expect_exit 0 run report.conf
expect "deliveries (at least once)" "$(jq -r .message ../delivered | sort -u)" \
	'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect "commits of the step" "$(commits 5 1)" 1
expect "reports on record" \
	"$(sqlite3 .stepgate/state.db "SELECT count(*) FROM message WHERE cycle = 5 AND text LIKE 'Step 1 completed%'")" 1

# Another plan's cycle is finished first, and closed: it is that plan's to go on with.
write_config other.conf << 'END'
title = "Other"
step "long" { shell = "touch ../other; while :; do sleep 0.01; done" }
END
kill_at other.conf ../other
sed -i 's/Closing/Mine/' closing.conf
mv closing.conf mine.conf
expect_exit 0 run mine.conf
expect_line 'Cycle 6 closed: Error encountered'
expect_line 'Cycle 7 closed: All work completed'

# A step of this plan is not done because that cycle had one of the same title.
rm -f ../pushing ../go
cat > ../repo.git/hooks/pre-receive << END
#!/bin/sh
touch "$PWD/../pushing"
while [ ! -e "$PWD/../go" ]; do sleep 0.01; done
END
chmod +x ../repo.git/hooks/pre-receive
echo '- [ ] work' > PLAN.md
write_config theirs.conf << 'END'
title = "Theirs"
step "work" { shell = "echo theirs > theirs" }
END
write_config list.conf << 'END'
title = "List"
checklist = "PLAN.md"
step_template { shell = "echo mine >> ../mine" }
END
kill_at theirs.conf ../pushing
touch ../go
expect_exit 0 run list.conf
expect_in_stderr 'cycle 8 was cut off: it goes on from COMMIT'
expect "the commit of theirs" "$(commits 8 1)" 1
expect "whose it is" "$(git log --grep='Stepgate-Cycle: 8' --format='%(trailers:key=Stepgate-Plan,valueonly,separator=)' | sort -u)" theirs.conf
expect "what the step of this plan did" "$(cat ../mine)" mine
rm ../repo.git/hooks/pre-receive

# An item that was unticked while its cycle was cut off is to be done again in that cycle.
printf -- '- [ ] one\n- [ ] two\n' > PLAN.md
write_config unticked.conf << 'END'
title = "Unticked"
checklist = "PLAN.md"
step_template {
	shell = "echo \"$STEPGATE_STEP_TITLE\" >> ../ticks; echo x >> \"$STEPGATE_STEP_TITLE\"; [ \"$STEPGATE_STEP_TITLE\" = one ] || [ -e ../again2 ] || { touch ../two; sleep 100; }"
}
END
kill_at unticked.conf ../two
touch ../again2
sed -i 's/\[x\]/[ ]/' PLAN.md
expect_exit 0 run unticked.conf
expect "what was done" "$(tr '\n' ' ' < ../ticks)" 'one two two one '
expect_line 'Cycle 10 closed: All work completed'
expect "the file" "$(grep -c '\[x\]' PLAN.md)" 2
expect "both commits of the first" "$(git log --format=%s --grep='Stepgate-Cycle: 10' | grep -c 'Step 1: one')" 2

# What is left of a worker and can't be ended keeps its step from being tried again beside it.
if [[ $(id -u) -eq 0 ]] && command -v setpriv > /dev/null; then
	write_config alive.conf << 'END'
title = "Alive"
step "work" { shell = "echo x >> ../alive; [ -e ../again3 ] || { touch ../stands; sleep 100; }" }
END
	kill_at alive.conf ../stands
	setpriv --reuid 65534 --clear-groups sleep 100 &
	other=$!
	wait_for 20 grep -q '^Uid:.65534' /proc/$other/status
	sqlite3 .stepgate/state.db "UPDATE step SET process = '$other $(cut -d' ' -f22 /proc/$other/stat) $(cat /proc/sys/kernel/random/boot_id) ' WHERE cycle = 11"
	touch ../again3
	run setpriv --bounding-set -kill --inh-caps -kill "$STEPGATE" run alive.conf
	expect "exit code" $code 1
	expect_stdout ''
	expect_in_stderr "step 1: process $other of it could not be ended: nothing is started beside it"
	expect "how often it ran" "$(wc -l < ../alive)" 1
	kill $other
	wait $other 2> /dev/null
	expect_exit 0 run alive.conf
	expect "how often it ran then" "$(wc -l < ../alive)" 2
fi

# A step of another config's checklist that was done when its cycle was cut off is ticked there, in its
# commit, by whoever brings that to its end.
printf -- '- [ ] alone\n' > THEIRS.md
write_config their-list.conf << 'END'
title = "Their list"
checklist = "THEIRS.md"
step_template { shell = "echo x >> ../alone" }
END
printf '#!/bin/sh\ntouch ../committing; while [ ! -e ../go ]; do sleep 0.01; done\n' > .git/hooks/pre-commit
chmod +x .git/hooks/pre-commit
rm -f ../go
kill_at their-list.conf ../committing
touch ../go
wait_for 20 test ! -e .git/index.lock
git checkout -q -- . 2> /dev/null
sed -i 's/\[x\]/[ ]/' THEIRS.md
expect_exit 0 run theirs.conf
expect_in_stderr 'was cut off: it goes on from COMMIT'
expect "their item" "$(cat THEIRS.md)" '- [x] alone'
expect "what is upstream" "$(git -C ../repo.git show main:THEIRS.md)" '- [x] alone'
expect_exit 0 run their-list.conf
expect "how often it ran" "$(wc -l < ../alone)" 1
rm .git/hooks/pre-commit
