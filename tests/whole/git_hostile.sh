#!/bin/bash
# A worker that points the repository elsewhere, or plants what is to be run, during its step: nothing
# planted is run, nothing goes elsewhere, and the receipt says what it was. With an agent that drives
# its own cycle the comparison goes over its processes.
. "$SRC/tests/lib.sh"

mkdir evil
git init -q --bare evil/else.git
printf '#!/bin/sh\n: > "%s/ran"\nexit 0\n' "$PWD" > evil/run
chmod +x evil/run
evil=$PWD/evil

plant() # NAME COMMAND WORDS
{
	make_repository "$1"
	cd "$1" || exit 1
	write_config stepgate.conf << END
step "Plant" { shell = "echo work > work; $2" }
END
	run "$STEPGATE" run
	expect "the exit code of $1" "$code" 1
	expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, commit failed'
	expect_in_stderr "step 1: repository settings changed by the worker: $3"
	[[ ! -e ../ran ]] || fail "$1: what was planted was run"
	expect "the remote" "$(git --git-dir=../"$1.git" log --format=%s main)" First
	expect "the other place" "$(git -C "$evil/else.git" for-each-ref)" ''
	[[ $(cat work) == work ]] || fail "the work is gone"
	cd ..
}
plant hook "cp $evil/run .git/hooks/pre-commit; cp $evil/run .git/hooks/pre-push; cp $evil/run .git/hooks/reference-transaction" "the repository's hooks"
plant monitor "git config core.fsmonitor $evil/run" 'core.fsmonitor'
plant ssh "git config core.sshCommand $evil/run" 'core.sshCommand'
plant filter "git config filter.x.clean $evil/run; echo '* filter=x' > .gitattributes" 'a filter.* setting'
plant url "git config url.$evil/else.git.insteadOf \$PWD.git" "the remote's address"
plant pushurl "git config remote.origin.pushurl $evil/else.git" "the remote's address"
plant gitfile "mv .git ../moved; echo 'gitdir: ../moved' > .git" 'the git folder'
plant worktree "git config core.worktree $evil" core.worktree
plant helper "git config credential.helper '!$evil/run'" 'a credential.* setting'

# An agent's own cycle: each command is a process of its own.
make_repository agent
cd agent || exit 1
expect_exit 0 start --task T
expect_exit 0 step begin
echo work > work
cp "$evil/run" .git/hooks/pre-commit
expect_exit 1 step done --desc D --tokens 10
expect_in_stderr "repository settings changed by the worker: the repository's hooks"
[[ ! -e ../ran ]] || fail "what was planted was run"
rm .git/hooks/pre-commit
expect "the remote" "$(git --git-dir=../agent.git log --format=%s main)" First
cd ..

# Where the config allows it, it holds, and is told.
make_repository allowed
cd allowed || exit 1
write_config stepgate.conf << END
repository { allow_settings_change = true }
step "Plant" { shell = "echo work > work; cp $evil/run .git/hooks/pre-commit" }
END
expect_exit 0 run
expect_in_stderr "step 1: repository settings changed by the worker: the repository's hooks: allowed by the config"
[[ -e ../ran ]] || fail "the hook did not run"
