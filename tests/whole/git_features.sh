#!/bin/bash
# What the repository has is found before anything starts, and said: by `plan`, by `validate`, and by
# `run` where it can't be served.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Features"
step "One" { shell = "echo 1 > one" }
report "log" { type = "file"  path = "../reports.jsonl" }
END
feature() # NAME
{
	jq -er --arg name "$1" '.repository.features[] | select(.name == $name) |
		"\(.served): \(.words)"' "$out" || fail "no feature $1"
}
one_line() # TEXT: among the features of plan and validate both
{
	run "$STEPGATE" plan
	expect_line "  $1"
	expect_exit 0 validate
	expect_line "  $1"
}
reset_plan()
{
	rm -rf .stepgate ../reports.jsonl
	cp stepgate.conf ..
	git reset -q --hard "$(git rev-list --max-parents=0 HEAD)"
	git push -q -f --no-verify origin HEAD:main || fail "can't push"
	mv ../stepgate.conf .
}

# Nothing special: the helper makes the commit itself, and the receipt says so.
one_line 'identity: Test <test@example.org>'
expect_stdout "stepgate.conf: OK: \"Features\", 1 step
Git: by the commit helper itself
  identity: Test <test@example.org>"
expect_exit 0 validate --json
expect_json '[.title, .steps_total, .repository.problem] | tojson' '["Features",1,null]'
expect "the identity" "$(feature identity)" 'engine: Test <test@example.org>'
expect_exit 0 run
expect "made by" "$(jq -r 'select(.status).committed_by' ../reports.jsonl)" engine
expect "the journal" "$(sqlite3 .stepgate/state.db 'SELECT way FROM step')" engine
expect "pushed by" "$(jq -r 'select(.status).pushed_by' ../reports.jsonl)" engine

# Hooks: run, switched off, not executable.
reset_plan
printf '#!/bin/sh\nexit 0\n' > .git/hooks/pre-commit
cp .git/hooks/pre-commit .git/hooks/pre-push
cp .git/hooks/pre-commit .git/hooks/post-commit
chmod +x .git/hooks/pre-commit .git/hooks/pre-push
one_line 'pre-commit hook: run'
one_line 'pre-push hook: run'
one_line 'post-commit hook: ignored, since it is not executable'
expect_line 'Git: by the git program, for: pre-commit hook'
expect_exit 0 plan --json
expect "one that runs" "$(feature 'pre-commit hook')" 'program: run'
expect "one of the push" "$(feature 'pre-push hook')" 'push: run'
expect "one that can't" "$(feature 'post-commit hook')" \
	'off: ignored, since it is not executable'
expect_exit 0 run
expect "made by" "$(jq -r 'select(.status).committed_by' ../reports.jsonl)" program
expect "the journal" "$(sqlite3 .stepgate/state.db 'SELECT way FROM step')" program
expect "pushed by" "$(jq -r 'select(.status).pushed_by' ../reports.jsonl)" 'program: pre-commit hook'
reset_plan
echo 'repository { hooks = false }' >> stepgate.conf
one_line 'pre-commit hook: turned off (hooks = false)'
expect_line 'Git: by the commit helper itself'
sed -i '$d' stepgate.conf
rm .git/hooks/p*-{commit,push}

# Settings that are git's to follow: each is found, and said to be served by git.
left_to_git=(core.autocrlf=input core.safecrlf=true core.ignoreCase=true core.symlinks=false
	core.protectHFS=true core.protectNTFS=false core.ignoreStat=true core.splitIndex=true
	core.sharedRepository=group core.sparseCheckout=true index.sparse=true
	core.precomposeUnicode=true)
for setting in "${left_to_git[@]}"; do
	git config "${setting%=*}" "${setting#*=}"
done
expect_exit 0 validate
expect_line 'Git: by the git program, for: sparse checkout, sparse index, split index, core.ignoreCase, core.precomposeUnicode, core.protectHFS, core.protectNTFS, core.symlinks, core.safecrlf, core.ignoreStat, core.autocrlf, core.sharedRepository'
expect_line '  sparse checkout: as git does it'
expect_line '  core.autocrlf: input: as git does it'
expect_line '  core.symlinks: off: as git does it'
for setting in "${left_to_git[@]}"; do
	git config --unset "${setting%=*}"
done

# Conversions: made by git where a file needs one, which is seen when it is committed.
printf '# ident\neol -ident\n[attr]lines text\n*.c lines eol=lf\n*.u working-tree-encoding=UTF-16LE\n' > .gitattributes
one_line 'attributes: text, eol, working-tree-encoding: by git where a file needs it'
expect_line 'Git: by the commit helper itself'
expect_exit 0 plan --json
expect "conversions" "$(feature attributes | cut -d: -f1)" engine
rm .gitattributes

# What can't be served stops the cycle before its first step, with the way out.
refused() # WORDS
{
	local words="the repository needs what can't be had here: $1"
	expect_exit 1 plan
	expect_line "Problem: $words"
	expect_line "  $1"
	expect_exit 1 plan --json
	expect_json .repository.why "$1"
	expect_exit 0 validate
	expect_line "Problem: $words"
	expect_exit 2 run
	expect_in_stderr "nothing was started: $words"
	[[ ! -e one ]] || fail "a step was run"
}
echo '*.psd filter=lfs -text' > .gitattributes
refused 'filter lfs: not set up, and the attributes ask for it: `git lfs install`'
git config filter.lfs.process 'git-no-lfs filter-process'
refused 'filter lfs: git-no-lfs is not there: install it'
rm .gitattributes
git config commit.gpgSign true
git config gpg.program no-such-gpg
refused 'signing: openpgp, and no-such-gpg is not there: install it, or set gpg.openpgp.program'
git config gpg.format ssh
refused 'signing: ssh, without a key: set user.signingKey'
git config user.signingKey 'key::ssh-ed25519 AAAAC3'
refused 'signing: ssh, and no agent can be reached: start one and set SSH_AUTH_SOCK, or set user.signingKey to the file of a private key'
git config --unset commit.gpgSign
git config commit.cleanup tidy
refused 'commit.cleanup: git knows no value "tidy", but: default verbatim whitespace strip scissors'
git config --unset commit.cleanup

# What git itself stops at is found by asking it, where somebody looks.
git config push.followTags maybe
expect_exit 1 plan
expect_line "  git: fatal: bad boolean config value 'maybe' for 'push.followtags'"
git config --unset push.followTags
git config core.abbrev 2
expect_exit 0 validate
expect_line "  git: fatal: bad config variable 'core.abbrev' in file '.git/config' at line $(grep -n abbrev .git/config | cut -d: -f1)"
git config --unset core.abbrev
expect_exit 0 plan
! grep -q '  git: ' "$out" || fail "git is said to stop"

git config --global --unset user.email
expect_exit 1 plan
expect_line '  identity: missing (set repository.identity)'
expect_exit 2 run
expect_in_stderr 'no identity to commit as'
echo 'repository { identity = "Bot <bot@example.org>" }' >> stepgate.conf
one_line 'identity: Bot <bot@example.org>'
git config user.email 'test@example.org'
one_line "identity: Test <test@example.org> (git's own: repository.identity is for where it has none)"
expect_exit 0 run

# A config can be right where there is no repository.
mkdir ../bare && cd ../bare || exit 1
write_config stepgate.conf << 'END'
step "One" { command = {"true"} }
END
expect_exit 0 validate
expect_line 'stepgate.conf: OK: "stepgate", 1 step'
grep -q '^Problem: not a git repository with a work tree: ' "$out" || fail "no problem"
expect_exit 0 validate --json
expect_json '.repository | [.problem, .features] | tojson' \
	'["not a git repository with a work tree",[]]'

# The status document is ignored: it is not committed, and that is said; one that is tracked is not.
cd ../repo || exit 1
reset_plan
printf '/status/\n' > .git/info/exclude
one_line 'status document: not committed, since git ignores status/EE_CYCLE_STATUS.json: `git add -f` it once, or change the rule'
expect_exit 0 plan --json
expect "the document" "$(feature 'status document' | cut -d: -f1)" off
mkdir status && echo '{}' > status/EE_CYCLE_STATUS.json && git add -f status
expect_exit 0 validate
! grep -q 'status document' "$out" || fail "a tracked document is said to be ignored"
git rm -rqf status
