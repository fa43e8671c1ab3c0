#!/bin/bash
# A worker fills the disk: it is said, the cycle closes, nothing is called saved that is not, and with
# room again a plain run goes on.
. "$SRC/tests/lib.sh"

[[ $(id -u) -eq 0 ]] || skip "only root can mount a small disk"
small=$PWD/small
mkdir "$small"
mount -t tmpfs -o size=12m tmpfs "$small" 2> "$errors" || skip "no small disk can be mounted: $(cat "$errors")"
trap 'cd / && umount -l "$small"' EXIT
cd "$small" || exit 1
make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Full"
step "fill"  { shell = "echo run >> ../../runs; [ -e ../../fine ] || cat /dev/urandom > fill 2> /dev/null; true" }
step "after" { shell = "echo after > after" }
END
expect_exit 1 run
grep -q 'updated & pushed' "$out" && fail "called saved with a full disk"
expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, commit failed'
expect_line 'Cycle 1 closed: Error encountered'
expect_in_stderr 'the disk is full'
[[ ! -e after ]] || fail "a step ran on a full disk"

# Again, with hardly any room: whatever it comes to, nothing is called saved.
for _ in 1 2 3; do
	expect_exit 1 run
	grep -q 'updated & pushed' "$out" && fail "called saved with a full disk"
	grep -qE 'nothing was started|disk is full|No space left' "$errors" || fail "the reason is not said"
done

rm fill
touch ../../fine
expect_exit 0 run
grep -q 'closed: All work completed$' "$out" || fail "not completed"
expect "HEAD upstream" "$(git -C ../repo.git rev-parse main)" "$(git rev-parse HEAD)"
git fsck --strict > /dev/null 2>&1 || fail "git fsck is not content"
