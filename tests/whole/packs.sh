#!/bin/bash
# Many packs cost a cycle once, when the helper opens the repository, and no commit anything: they are
# not gone through again for each new object, which is what libgit2 does by itself.
. "$SRC/tests/lib.sh"

[[ $BUILD == */asan ]] && skip "a program that looks for leaks can't be traced"
make_repository repo
cd repo || exit 1
git config gc.auto 0
for i in {1..100}; do
	echo "$i" > "f$i"
	git add "f$i"
	git rev-parse ":f$i" | git pack-objects -q .git/objects/pack/pack > /dev/null || fail "no pack $i"
done
git commit -q -m "Files"
git prune-packed
expect "packs" "$(find .git/objects/pack -name '*.pack' | wc -l)" 100

# A cycle of COUNT steps, each with a commit of the helper's own; what the helper reads is in the trace.
run_steps() # COUNT
{
	local i
	{
		echo 'repository { path = "repo"  push = false }'
		for ((i = 1; i <= $1; i++)); do
			printf 'step "S%d of %d" { shell = "echo %d.%d > new%d; echo %d > f%d" }\n' "$i" "$1" "$1" \
				"$i" "$i" "$1" "$i"
		done
	} | write_config ../stepgate.conf
	rm -rf .stepgate
	: > ../trace
	run "$BUILD/tools/sysfault" -p stepgate-git -o io -t ../trace "$STEPGATE" run --restart \
		../stepgate.conf
	[[ $code -ne 77 ]] || skip "$(cat "$out")"
	expect "the exit code" "$code" 0
	expect "commits of the helper's own" "$(git reflog | grep -c "stepgate: Step .*of $1\$")" "$1"
}

looks() # at the packs' folder, the one whose listing has five digits of bytes
{
	grep -c ' getdents64 .* = [1-9][0-9]\{4\}$' ../trace
}

run_steps 2
few=$(looks)
[[ $few -ge 1 ]] || fail "the packs are not seen to be looked at: $few"
run_steps 6
expect "looks at the packs" "$(looks)" "$few"
