#!/bin/bash
# deadline: 900
# flavour: release
# The power goes while a cycle runs: ext4 and XFS, in an image, shut down at a system call of the run
# or at any moment, with all that was not synced lost, or with names and sizes of files on the disk and
# not what is in them. What was told to be pushed is in the upstream and the repository; neither is
# broken; no file of a step was committed empty, though the workers sync nothing; and a plain run goes
# on.
. "$SRC/tests/lib.sh"

[[ $(id -u) -eq 0 ]] || skip "only root can mount"
# In a mount namespace of our own, so that no mount outlives us.
if [[ ! ${CUT_OFF:-} ]]; then
	unshare -m true 2> "$errors" || skip "no mount namespace: $(cat "$errors")"
	CUT_OFF=1 exec unshare -m "$0"
fi
. "$SRC/tests/faults/world.sh"

RANDOM=$SEED
disk=$PWD/disk
world=$disk/world
mkdir disk

insert_disk()
{
	mount -o loop "$filesystem.img" "$disk" 2> "$errors"
}

make_disk()
{
	truncate -s 320M "$filesystem.img" && "mkfs.$filesystem" -q "$filesystem.img" ||
		fail "can't make a file system $filesystem"
	insert_disk || skip "no image can be mounted: $(cat "$errors")"
	umount "$disk" || fail "can't unmount"
	mv "$filesystem.img" "$filesystem.new"
}

# Not while a process works on the disk.
remove_disk()
{
	umount "$disk"
}

fresh_disk()
{
	cp --sparse=always "$filesystem.new" "$filesystem.img"
	insert_disk || fail "can't mount: $(cat "$errors")"
	fresh_world
	sync -f "$disk"
}

# The machine starts anew.
power_on()
{
	wait_for 20 remove_disk
	insert_disk || wrong "$filesystem can't be mounted again"
	# What a dead git has left is older than that.
	find "$world/repo/.git" -name '*.lock' -exec touch -d 2000-01-01 {} +
}

# Runs the plan until the power goes before call N of those that change a disk. With -l names and
# sizes are written first: so does a file system that writes the one before the other.
cut_at() # N [-l]
{
	run_plan -o space "${@:2}" -c "$1:$disk"
	saw_harm
}

# Runs the plan until the power goes after so many milliseconds, in the middle of whatever.
cut_after() # MILLISECONDS
{
	local pid
	"$STEPGATE" run "$world/stepgate.conf" --until-done > "$notes/said" 2> "$notes/warned" \
		< /dev/null &
	pid=$!
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
	xfs_io -x -c shutdown "$disk" || fail "$filesystem can't be shut down"
	kill -KILL $pid 2> /dev/null
	wait $pid 2> /dev/null
	code=137
}

check_after_cut()
{
	local tree empty there number
	for tree in "$world/repo" "$world/repo.git"; do
		git -C "$tree" fsck --no-dangling --no-progress > "$out" 2>&1 || wrong "git fsck of $tree: $(cat "$out")"
		empty=$(git -C "$tree" ls-tree -r -l main | awk '$4 == 0')
		[[ -z $empty ]] || wrong "an empty file was committed: $empty"
	done
	git -C "$world/repo" status > "$out" 2>&1 || wrong "git status: $(cat "$out")"
	there=$(git -C "$world/repo" log --format='%(trailers:key=Stepgate-Step,valueonly,separator=%x2C)' main)
	for number in $(sed -n 's/^Step \([0-9]*\) completed: .*updated & pushed$/\1/p' "$notes/said"); do
		grep -qx "$number" <<< "$there" || wrong "step $number was told to be pushed: the repository lost it"
	done
}

# A world is made, the power goes, and all is well.
one_cut() # COMMAND [ARG...]
{
	harm_done="$filesystem, $*"
	fresh_disk
	[[ $1 != cut_held ]] || touch "$notes/hold"
	"$@"
	rm -f "$notes/hold"
	power_on
	check_after_cut
	mend
	wait_for 20 remove_disk
	n=$((n + 1))
}

# The third step waits, and the file system has written down the names of new files by now.
cut_held()
{
	cut_after "$@"
}

sweep_disk() # CALLS TIMES HELD: how many cuts
{
	local number total
	n=0 harms=0
	make_disk
	fresh_disk
	total=$(count_calls -o space)
	[[ $total -gt 100 ]] || fail "$filesystem: only $total calls"
	wait_for 20 remove_disk
	for number in $(sample "$1" "$total"); do
		one_cut cut_at "$number" $([[ $((n % 2)) -eq 0 ]] || echo -l)
	done
	expect_harm "$n"
	for ((number = 0; number < $2; number++)); do
		one_cut cut_after $((RANDOM % (whole * 3 / 2)))
	done
	for ((number = 0; number < $3; number++)); do
		one_cut cut_held $((6000 + RANDOM % 500))
	done
	echo "$filesystem: $n cuts, $1 of them at $total calls"
	tell_recoveries
}

make_world
mkdir "$world"
time_plan
rm -rf "$world"

for filesystem in ext4 xfs; do
	if [[ ${SOAK:-} ]]; then
		sweep_disk 120 70 10
	else
		sweep_disk 14 6 0
	fi
done
