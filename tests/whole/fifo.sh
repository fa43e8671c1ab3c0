#!/bin/bash
# A FIFO where git reads, which whoever opens it waits for without an end: it is told, whether it was
# there before or a worker has put it there, and nobody waits for it. All places at a time, since
# what takes the time is waiting.
. "$SRC/tests/lib.sh"

# NAME, what meets it (a look at the repository, a commit, either, never), and a script in the work
# tree that makes room for it and leaves its path in $at.
places()
{
	cat << 'END'
gitconfig       look   at=$HOME/.gitconfig; rm "$at"
xdg             look   at=$HOME/.config/git/config; mkdir -p "${at%/*}"
include         look   at=$HOME/included; git config include.path "$at"
include-if      look   at=$HOME/included; git config includeIf.gitdir:/.path "$at"
ref             look   at=.git/refs/heads/main; rm "$at"
head            look   at=.git/HEAD; rm "$at"
packed-refs     look   at=.git/packed-refs; git pack-refs --all; rm "$at"
remote-ref      look   at=.git/refs/remotes/origin/main; rm "$at"
alternates      look   at=.git/objects/info/alternates
commondir       look   at=.git/commondir
linked-head     look   at=$(git rev-parse --git-dir)/HEAD; rm "$at"
linked-common   look   at=$(git rev-parse --git-dir)/commondir; rm "$at"
exclude         either at=.git/info/exclude; rm -f "$at"
excludes-file   either at=$HOME/excluded; git config core.excludesFile "$at"
gitignore       either at=.gitignore
attributes      commit at=.git/info/attributes
attributes-file commit at=$HOME/attributes; git config core.attributesFile "$at"
gitattributes   commit at=.gitattributes
deep-gitignore  commit at=folder/.gitignore; mkdir folder; echo x > folder/x
mailmap         never  at=.mailmap
END
}

# A world of its own, in the current folder.
make_place() # NAME
{
	export HOME=$PWD/home
	mkdir "$HOME" && git config --global user.name Test && git config --global user.email t@example.org &&
		git config --global init.defaultBranch main && make_repository repo || exit 1
	work=$PWD/repo
	[[ $1 == linked-* ]] || return 0
	work=$PWD/linked
	git -C repo worktree add -q "$work" 2> /dev/null && git -C "$work" push -q -u origin linked 2> /dev/null
}

ask() # CODES COMMAND
{
	run timeout 100 "$STEPGATE" "$2"
	[[ " $1 " == *" $code "* ]] || fail "$name: $2: exit code $code, not $1"
}

expect_told() # FILE
{
	grep -q "/${at##*/}: not a regular file: put it right" "$1" || fail "$name: not told: $(cat "$1")"
}

# It was there before.
look_at() # MEETS SCRIPT
{
	cd "$work" || exit 1
	printf 'title = "Old"\nstep "s" { shell = "echo x > x" }\n' > stepgate.conf
	eval "$2"
	mkfifo "$at" || exit 1
	ask 0 validate
	[[ $1 != look ]] || expect_told "$out"
	case $1 in
	look) ask 2 plan && expect_told "$errors" && ask 2 run && expect_told "$errors" && [[ ! -e x ]] ;;
	never) ask 0 plan && ask 0 run ;;
	*) ask '0 2' plan && ask 1 run && expect_told "$errors" ;;
	esac || fail "$name: a step was run"
	ask '0 1' status
}

# A worker puts it there: its step is not called saved. Without it a plain run goes on.
plant() # MEETS SCRIPT
{
	cd "$work" || exit 1
	local branch
	branch=$(git branch --show-current)
	printf '[ ! -e ../planted ] || exit 0\n%s\nmkfifo "$at"\necho "$at" > ../planted\necho x > x\n' "$2" > ../plant.sh
	printf 'title = "Planted"\nstep "s" { command = {"bash", "../plant.sh"} }\n' > stepgate.conf
	[[ $1 != never ]] || { ask 0 run; return; }
	ask 1 run
	at=$(cat ../planted)
	expect_told "$errors"
	# What is open already may come to its commit.
	grep -qE '^Step 1 completed: Tokens: 0.0%; Status: NOK, (commit|push) failed$' "$out" ||
		fail "$name: $(cat "$out")"
	expect "$name: steps upstream" \
		"$(GIT_CONFIG_GLOBAL=/dev/null git -C ../repo.git log --format=%s "$branch" | grep -c '^Step')" 0
	[[ -p $at ]] || fail "$name: the FIFO is gone"
	[[ $1 != look ]] || return 0
	rm "$at"
	ask 0 run
	expect "$name: the work" "$(git -C ../repo.git show "$branch:x")" x
}

# A check takes every other place.
pids=() count=0
while read -r name meets script; do
	[[ ${SOAK:-} || $((count++ % 2)) -eq $((SEED % 2)) ]] || continue
	for way in look_at plant; do
		mkdir "$name-$way"
		(cd "$name-$way" && out=$PWD/out errors=$PWD/errors && make_place "$name" && "$way" "$meets" "$script") \
			> "$name-$way.said" 2>&1 &
		pids+=("$!:$name-$way")
	done
done < <(places)
failed=()
for pid in "${pids[@]}"; do
	wait "${pid%%:*}" || failed+=("${pid#*:}: $(cat "${pid#*:}.said")")
done
[[ ${#failed[@]} -eq 0 ]] || fail "${failed[@]}"

# /dev/null is no file either, and says that there are no settings.
mkdir nothing && cd nothing && make_place nothing && cd "$work" || exit 1
printf 'title = "None"\nrepository { identity = "A <a@b>" }\nstep "s" { shell = "echo x > x" }\n' \
	> stepgate.conf
GIT_CONFIG_GLOBAL=/dev/null expect_exit 0 run
exit 0
