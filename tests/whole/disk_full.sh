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

# As full as a disk can be when a journal is opened, with blocks that are smaller than the pages that
# SQLite maps: every amount that is left ends in words, and none in a SIGBUS.
cd "$TMPDIR" || exit 1
command -v mkfs.ext4 > /dev/null || exit 0
truncate -s 16M disk && mkfs.ext4 -q -m 0 -b 1024 -O ^has_journal disk || fail "no file system can be made"
mkdir blocks
mount -o loop disk blocks 2> "$errors" || { echo "no loop mount: $(cat "$errors")"; exit 0; }
trap 'cd / && umount -l "$small" "$TMPDIR/blocks"' EXIT
make_repository blocks/repo && cd blocks/repo || exit 1
printf 'title = "Blocks"\nstep "s" { shell = "echo x > x" }\n' > stepgate.conf
expect_exit 0 run
fill() # FILE, and what is left in KiB
{
	head -c $(($(stat -f -c '%a * %S' .) - $2 * 1024)) /dev/zero > "$1" && sync -f .
}
fill ../fill 400
for ((left = 0; left <= 25; left++)); do
	fill ../more $left || fail "the disk can't be filled"
	expect_exit 1 run --restart
	grep -qE 'No space left on device|disk is full' "$errors" || fail "$left KiB: the reason is not said"
	rm ../more
done
rm ../fill
expect_exit 0 run --restart
expect "the journal" "$(sqlite3 .stepgate/state.db 'PRAGMA integrity_check')" ok
