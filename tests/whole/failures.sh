#!/bin/bash
# Steps that go wrong: what is said, what is kept, what comes next.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1

# The default: the cycle closes, and the work is kept on a ref of its own, off the branch.
write_config close.conf << 'END'
title = "Close"
step "good" { shell = "echo good > good" }
step "bad"  { shell = "echo half > half; exit 3" }
step "next" { shell = "echo next > next" }
END
expect_exit 1 run close.conf
expect_stdout 'Starting Step 1: Tokens at 0.0%
Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed
Starting Step 2: Tokens at 0.0%
Step 2 completed: Tokens: 0.0%; Status: NOK, not committed
Cycle 1 closed: Error encountered'
expect_in_stderr 'step 2: exit status 3'
expect "the work tree" "$(cat half)" half
git ls-files --error-unmatch half > /dev/null 2>&1 && fail "failed work is on the branch"
expect "the salvage" "$(git show refs/stepgate/salvage/1-2:half)" half
expect "the salvage upstream" "$(git -C ../repo.git show refs/stepgate/salvage/1-2:half)" half
expect_json '.steps_completed[1] | [.status, .action, .why] | tojson' \
	'["NOK","not committed","exit status 3"]' status/EE_CYCLE_STATUS.json
expect_json '.tasks_completed | tojson' '["good"]' status/EE_CYCLE_STATUS.json
expect_json .next_action 'Start the next cycle with step 2: bad' status/EE_CYCLE_STATUS.json

# The next cycle tries the same step again.
expect_exit 1 run close.conf
expect_line 'Starting Step 2: Tokens at 0.0%'
rm half

# retry: the same step again, through the gate, so often and no more.
write_config retry.conf << 'END'
title = "Retry"
on_failure_work = "commit"
step "flaky" { shell = "n=$(cat ../n 2>/dev/null || echo 0); echo $((n + 1)) > ../n; echo $n > n; [ $n -ge 2 ]"
               on_failure = "retry" attempts = 3 }
END
rm -f ../n
expect_exit 0 run retry.conf
expect_stdout 'Starting Step 1: Tokens at 0.0%
Step 1 completed: Tokens: 0.0%; Status: NOK, failed
Starting Step 1: Tokens at 0.0%
Step 1 completed: Tokens: 0.0%; Status: NOK, failed
Starting Step 1: Tokens at 0.0%
Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed
Cycle 3 closed: All work completed'
[[ -e .stepgate/logs/cycle-0003/step-01.3.log ]] || fail "no log of the third attempt"
sed -i 's/attempts = 3/attempts = 2/; s/Retry/Retry less/' retry.conf
mv retry.conf less.conf
rm -f ../n
expect_exit 1 run less.conf
expect "attempts" "$(grep -c '^Starting' "$out")" 2
expect_line 'Cycle 4 closed: Error encountered'

# skip: the next step follows.
write_config skip.conf << 'END'
title = "Skip"
on_failure_work = "keep"
step "bad"  { shell = "echo kept > kept; kill -9 $$" on_failure = "skip" }
step "good" { command = {"true"} }
END
expect_exit 0 run skip.conf
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, not committed'
expect_line 'Step 2 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect_line 'Cycle 5 closed: All work completed'
expect_in_stderr 'step 1: killed by signal 9 (Killed)'
expect "no salvage was asked for" "$(git for-each-ref 'refs/stepgate/salvage/5-*')" ''

# A timeout ends the whole group, and is told.
write_config slow.conf << 'END'
title = "Slow"
step "slow" { shell = "trap '' TERM; sleep 1000 & echo $! > ../pid; wait; wait" timeout = "200ms" grace = "100ms" }
END
expect_exit 1 run slow.conf
expect_in_stderr 'step 1: ended after its timeout of'
kill -0 "$(cat ../pid)" 2> /dev/null && fail "a process outlived its step"

# A push that is refused: the work is committed, the step is NOK, and is not run again.
write_config push.conf << 'END'
title = "Push"
step "one" { shell = "echo 1 > one" }
step "two" { shell = "echo 2 > two" }
END
printf '#!/bin/sh\necho no entry today >&2\nexit 1\n' > ../repo.git/hooks/pre-receive
chmod +x ../repo.git/hooks/pre-receive
expect_exit 1 run push.conf
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, push failed'
expect_line 'Cycle 7 closed: Error encountered'
expect_in_stderr 'the remote refused the push'
expect_json '.steps_completed[0].status' NOK status/EE_CYCLE_STATUS.json
git log --format=%s | grep -qx 'Step 1: one' || fail "the work is not committed"
rm ../repo.git/hooks/pre-receive
expect_exit 0 run push.conf
expect_line 'Starting Step 2: Tokens at 0.0%'
expect "step 1 is upstream now" "$(cd .. && upstream_subjects repo | grep -cx 'Step 1: one')" 1

# A rival that pushed first: nothing of it is lost, and it is said.
git clone -q ../repo.git ../rival && (cd ../rival && echo r > rival && git add -A &&
	git commit -qm Rival && git push -q) || fail "no rival"
write_config rival.conf << 'END'
title = "Rival"
step "mine" { shell = "echo m > mine" }
END
expect_exit 1 run rival.conf
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, push failed'
expect_in_stderr 'the remote has commits that are not here'
expect "the rival's work" "$(git -C ../repo.git log -1 --format=%s main)" Rival

# Where nothing is committed there is no ref that a failed step's work could be on.
write_config off.conf << 'END'
title = "Off"
repository { commit = false }
step "bad" { shell = "echo off > off; exit 1" }
END
expect_exit 1 run off.conf
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, not committed'
expect "the receipt" "$(sqlite3 .stepgate/state.db 'SELECT result FROM step ORDER BY id DESC LIMIT 1')" KEPT
