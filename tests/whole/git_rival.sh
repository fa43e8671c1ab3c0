#!/bin/bash
# A rival pushes while a step works: what each word of on_rejected makes of it, and that nothing of
# either is lost.
. "$SRC/tests/lib.sh"

# Between this step's work and its push somebody else pushes.
behind() # NAME ON_REJECTED
{
	make_repository "$1"
	git clone -q "$1.git" "$1.rival" || fail "no clone"
	cat > "$1.step" << 'END'
echo ours > ours
cd "$1" && echo theirs > theirs && git add theirs && git commit -q -m theirs && git push -q
END
	cd "$1" || exit 1
	write_config stepgate.conf << END
step "One" { command = {"sh", "../$1.step", "../$1.rival"} }
repository { on_rejected = "$2"  commit_close = false }
report "log" { type = "file"  path = "../$1.jsonl" }
END
}
behind fail fail
expect_exit 1 run
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, push failed'
expect_in_stderr 'step 1: the remote has commits that are not here: [rejected] (fetch first)'
expect "the remote" "$(git -C ../fail.git log --format=%s main)" $'theirs\nFirst'
expect "the branch" "$(git log --format=%s)" $'Step 1: One\nFirst'
cd ..

behind rebase rebase
expect_exit 0 run
expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect "the remote" "$(git -C ../rebase.git log --format=%s main)" $'Step 1: One\ntheirs\nFirst'
expect "the receipt" "$(jq -r 'select(.status).commit' ../rebase.jsonl)" \
	"$(git -C ../rebase.git rev-parse main)"
expect "the branch" "$(git rev-parse HEAD)" "$(git -C ../rebase.git rev-parse main)"
expect "the files" "$(cat ours theirs)" $'ours\ntheirs'
cd ..

behind branch branch
expect_exit 0 run
expect "the remote's branch" "$(git -C ../branch.git log --format=%s main)" $'theirs\nFirst'
expect "the other one" "$(git -C ../branch.git log --format=%s stepgate/1-1)" $'Step 1: One\nFirst'
expect_in_stderr 'step 1: pushed to refs/heads/stepgate/1-1 instead: [rejected] (fetch first)'
cd ..

# What is made anew on top of theirs is signed as the first was.
behind signed rebase
ssh-keygen -q -t ed25519 -N '' -C test -f ../key || fail "ssh-keygen makes no key"
echo "test@example.org $(cat ../key.pub)" > ../allowed
git config commit.gpgSign true
git config gpg.format ssh
git config user.signingKey "$PWD/../key"
expect_exit 0 run
expect "the remote" "$(git -C ../signed.git log --format=%s main)" $'Step 1: One\ntheirs\nFirst'
git -C ../signed.git -c gpg.ssh.allowedSignersFile="$PWD/../allowed" verify-commit main \
	2> ../verdict || fail "it is not signed: $(cat ../verdict)"
