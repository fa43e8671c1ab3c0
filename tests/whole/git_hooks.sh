#!/bin/bash
# The repository's hooks in a run: what they say is in the step's log, and one that refuses is named.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
step "One" { shell = "echo done by the worker; echo 1 >> one" }
when_complete = "restart"
repository { commit_close = false  hook_timeout = "1s" }
END
hook() # NAME SCRIPT
{
	rm -f .git/hooks/p*-{commit,push}
	printf '#!/bin/sh\n%s\n' "$2" > ".git/hooks/$1"
	chmod +x ".git/hooks/$1"
}
ends() # STATUS [WORDS]
{
	run "$STEPGATE" run
	expect_line "Step 1 completed: Tokens: 0.0%; Status: $1"
	[[ ! ${2:-} ]] || expect_stderr "stepgate: step 1: $2"
	log=.stepgate/logs/cycle-$(printf %04d "$(sqlite3 .stepgate/state.db 'SELECT max(cycle) FROM step')")/step-01.log
	expect_line 'done by the worker' "$log"
}

hook pre-commit 'echo all is well; echo and more >&2'
ends 'OK, updated & pushed'
expect "the log" "$(sed -n '/^\[stepgate: git/,$p' "$log" | head -3)" \
	$'[stepgate: git and its hooks:]\nall is well\nand more'

hook pre-commit 'echo "lint: bad" >&2; echo line two >&2; exit 1'
ends 'NOK, commit failed' 'a hook of the repository refused: hook pre-commit refused: lint: bad'
expect_line 'line two' "$log"
expect "the subjects" "$(git log --format=%s)" $'Step 1: One\nFirst'

hook pre-commit 'exec sleep 1000'
ends 'NOK, commit failed' 'a hook of the repository refused: hook pre-commit: ended after its timeout of 1 s'

hook pre-push 'echo "not today"; exit 1'
ends 'NOK, push failed' 'a hook of the repository refused the push: hook pre-push refused: not today'
expect_line 'not today' "$log"
expect "the remote" "$(git -C ../repo.git log --format=%s main)" $'Step 1: One\nFirst'
