#!/bin/bash
# git-lfs: a pointer is in the tree, the file is at the remote before the ref is, and nothing raw is
# ever committed.
. "$SRC/tests/lib.sh"

git lfs install --skip-repo > /dev/null 2>&1 || skip "git-lfs is not installed"
make_repository repo
cd repo || exit 1
echo '*.bin filter=lfs diff=lfs merge=lfs -text' > .gitattributes
write_config stepgate.conf << 'END'
title = "Large"
step "One" { shell = "head -c 100000 /dev/urandom > one.bin; echo '*.psd filter=lfs' > .gitattributes.new; mkdir -p deep; mv .gitattributes.new deep/.gitattributes; head -c 5000 /dev/urandom > deep/two.psd" }
step "Two" { shell = "head -c 3000 /dev/urandom > one.bin" }
END
version=$(git lfs version | sed 's#/# #; s/ (.*//')
expect_exit 0 plan
expect_line "  filter lfs: $version"
expect_line 'Git: by the git program, for: filter lfs'

# The file is at the remote, where git-lfs puts it, and a fresh clone has it.
check()
{
	local file
	git -C ../repo.git cat-file --batch-all-objects --batch-check |
		awk '$2 == "blob" && $3 > 2500 { print }' > raw
	[[ ! -s raw ]] || fail "something raw was committed: $(cat raw)"
	rm -rf raw ../clone
	git clone -q ../repo.git ../clone || fail "can't clone"
	for file in one.bin deep/two.psd; do
		cmp "$file" "../clone/$file" || fail "$file is not what it was"
		git show "origin/main:$file" | grep -q '^oid sha256:' || fail "$file is no pointer"
	done
}
expect_exit 0 run
expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
expect_line 'Step 2 completed: Tokens: 0.0%; Status: OK, updated & pushed'
check
# git-lfs has put its hooks there when it was first used: that is not the worker's doing.
[[ -x .git/hooks/pre-push ]] || fail "git-lfs's own hook is not there"

# The same without its hook.
printf 'repository { hooks = false }\nstep "Three" { shell = "head -c 4000 /dev/urandom > one.bin" }\n' >> stepgate.conf
expect_exit 0 plan
expect_line '  pre-push hook: turned off (hooks = false)'
expect_exit 0 run
check

# Where the remote has no room for the file, it does not get the pointer either.
mv ../repo.git/lfs ../kept && : > ../repo.git/lfs
before=$(git -C ../repo.git rev-parse main)
printf 'step "Four" { shell = "head -c 4000 /dev/urandom > one.bin" }\n' >> stepgate.conf
run "$STEPGATE" run
[[ $code -ne 0 ]] || fail "it went well"
expect_line 'Step 4 completed: Tokens: 0.0%; Status: NOK, push failed'
expect "the remote" "$(git -C ../repo.git rev-parse main)" "$before"

# Only a folder further down asks for it, and git-lfs is not set up: nothing raw is committed.
cd ..
make_repository other
cd other || exit 1
git config --global --remove-section filter.lfs
write_config stepgate.conf << 'END'
step "One" { shell = "mkdir deep; echo '*.bin filter=lfs' > deep/.gitattributes; head -c 3000 /dev/urandom > deep/a.bin" }
END
expect_exit 1 run
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, commit failed'
expect_in_stderr "a filter of the repository failed: "
git cat-file --batch-all-objects --batch-check | awk '$2 == "blob" && $3 > 2500 { exit 1 }' ||
	fail "something raw is among the objects"
