#!/bin/bash
# A repository of somebody else's is refused before anything is done, with git's own way out.
. "$SRC/tests/lib.sh"

[[ $(id -u) -eq 0 ]] || skip "only root can give a repository away"
make_repository "a repo"
cd "a repo" || exit 1
place=$PWD
write_config stepgate.conf << 'END'
title = "Whose"
step "work" { shell = "echo x >> ../runs; echo x > work; [ ! -e ../give ] || chown -R 4321 .git" }
END
trusted=$(cat "$HOME/.gitconfig")
sed -i '/^\[safe\]/,+1d' "$HOME/.gitconfig"

refused() # COMMAND...
{
	picture . > "$TMPDIR/before"
	run "$@"
	expect "exit code" $code 2
	expect_stdout ''
	expect_stderr "stepgate: $place: the repository is somebody else's: if you trust it, \`git config --global --add safe.directory '$place'\`"
	picture . > "$TMPDIR/after"
	cmp -s "$TMPDIR/before" "$TMPDIR/after" || fail "something was written: $(diff "$TMPDIR/before" "$TMPDIR/after")"
	[[ ! -e ../runs ]] || fail "a worker was started"
}

# To git root is no exception.
chown -R 4321 .
refused "$STEPGATE" run
refused "$STEPGATE" plan
refused "$STEPGATE" step begin

# Another user, who may write in it all the same.
if command -v setpriv > /dev/null; then
	chmod -R a+rwX .. "$HOME" "$TMPDIR"
	refused setpriv --reuid 1234 --clear-groups "$STEPGATE" run
fi

# The way out is one, to the letter.
# shellcheck disable=SC2016
eval "$(sed -n 's/.*`\(git config .*\)`$/\1/p' "$errors")" || fail "the way out can't be gone"
expect_exit 0 run
expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
rm -rf .stepgate status ../runs

# Given away by a step: its work is not committed, and said why; then nothing is started.
git config --global --unset-all safe.directory
chown -R 0 .
git rm -q --cached work status -r && git commit -q -m "Begun anew" && git push -q || fail "can't begin anew"
touch ../give
sed -i 's/Whose/Given away/; s/"work"/"give"/' stepgate.conf
head=$(git rev-parse HEAD)
expect_exit 1 run
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, commit failed'
expect_in_stderr "the repository is somebody else's"
git config --global --add safe.directory "$place"
expect "HEAD" "$(git rev-parse HEAD)" "$head"
git config --global --unset-all safe.directory
rm ../give
expect_exit 2 run
expect_in_stderr "the repository is somebody else's"
expect "how often it ran" "$(wc -l < ../runs)" 1
chown -R 0 .git
expect_exit 0 run
expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
printf '%s\n' "$trusted" > "$HOME/.gitconfig"
