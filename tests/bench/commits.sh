#!/bin/bash
# tests/bench/commits.sh: a commit by the helper beside `git add -A && git commit -q`, in twin repositories
# that are changed alike, in turn; medians of ROUNDS. Exit code 1 where a ratio is over its limit. Part of
# run.sh, which sets BUILD and PLACE.
set -u

export STEPGATE_GIT_HELPER=$BUILD/stepgate-git
build=$BUILD rounds=${ROUNDS:-3}
cd "$PLACE" || exit 2
over=0

# 100 files a folder, ten folders a folder, of half a KiB each.
make_tree() # NAME FILES
{
	git init -q "$1" && cd "$1" || exit 2
	awk -v files="$2" 'BEGIN {
		for (i = 0; i < files; i++) {
			folder = sprintf("d%d/e%d", i / 1000, i % 1000 / 100)
			if (i % 100 == 0) system("mkdir -p " folder)
			name = folder "/file" i
			printf "file %d\n%0500d\n", i, i > name
			close(name)
		}
	}'
	git -c gc.auto=0 add -A && git -c gc.auto=0 commit -q -m First && git repack -adq && cd ..
	sleep 1.1 # or all is as old as the index, and looked at again
	git -C "$1" status > /dev/null
}

# As many files as are to change, far from each other.
cat > change.sh << 'END'
#!/bin/sh
# NAME FILES CHANGED ROUND
[ "$3" -eq 0 ] && exit 0
i=0
while [ "$i" -lt "$2" ]; do
	echo "$4 $i" >> "$1/d$((i / 1000))/e$((i % 1000 / 100))/file$i"
	i=$((i + $2 / $3))
done
END
chmod +x change.sh

median()
{
	printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

ours() # SYNC FILES CHANGED ROUND
{
	local preload=$build/tools/no_sync.so
	[[ $1 == sync ]] && preload=
	LD_PRELOAD=$preload "$build/bench/commit" "$PLACE/ours$2" ./change.sh "ours$2" "$2" "$3" "$4"
}

theirs() # NAME SYNC
{
	local set=(-c core.fsync=none)
	[[ $2 == sync ]] && set=(-c core.fsync=all -c core.fsyncMethod=fsync)
	(cd "$1" && "$build/tools/measure" 1 sh -c \
		'git "$@" add -A && { git "$@" commit -q -m Bench || test $? = 1; }' sh "${set[@]}")
}

compare() # FILES CHANGED SYNC LIMIT
{
	local round wall rest cpu peak own=() their=() own_peak=0 their_peak=0 verdict=within ratio
	for ((round = 1; round <= rounds; round++)); do
		read -r wall peak < <(ours "$3" "$1" "$2" "$3$round")
		[[ ${peak:-} ]] || exit 2
		own+=("$wall")
		((peak > own_peak)) && own_peak=$peak
		./change.sh "theirs$1" "$1" "$2" "$3$round"
		read -r wall cpu rest < <(theirs "theirs$1" "$3")
		[[ ${rest:-} ]] || exit 2
		their+=("$wall")
		((rest > their_peak)) && their_peak=$rest
	done
	[[ $(git -C "ours$1" rev-parse 'HEAD^{tree}') == $(git -C "theirs$1" rev-parse 'HEAD^{tree}') ]] ||
		exit 2
	wall=$(median "${own[@]}") rest=$(median "${their[@]}")
	ratio=$((wall * 100 / rest))
	((ratio <= $4)) || { verdict=OVER; over=1; }
	printf '%7d files, %4d changed, %-7s %7d.%d ms, git %7d.%d ms: %d.%02d of %d.%02d  %s' "$1" "$2" \
		"$3" $((wall / 1000)) $((wall % 1000 / 100)) $((rest / 1000)) $((rest % 1000 / 100)) \
		$((ratio / 100)) $((ratio % 100)) $(($4 / 100)) $(($4 % 100)) "$verdict"
	printf '; %d MiB, git %d\n' $((own_peak / 1024)) $((their_peak / 1024))
	if (($1 == 100000 && own_peak * 2 > their_peak * 3)); then
		echo "        memory: over 1.5 times git's"
		over=1
	fi
}

# Percent of git's time. Of many changes less is allowed: git writes a file for each object, we one pack.
# What is left at 10,000 files is the look at each of them, which alone takes a tenth of git's time.
limit_of() # FILES CHANGED
{
	case $1:$2 in
	10000:100) echo 25 ;;
	100000:1000) echo 25 ;;
	*) echo 50 ;;
	esac
}

printf '\na commit, beside git add -A && git commit (medians of %d rounds)\n' "$rounds"
for files in ${FILES:-100 10000 100000}; do
	make_tree "ours$files" "$files"
	cp -a "ours$files" "theirs$files"
	git -C "theirs$files" status > /dev/null # its inodes are others
	most=$((files / 100))
	((most > 1000)) && most=1000
	((most < 100)) && most=100
	for changed in 1 10 "$most" 0; do
		compare "$files" "$changed" nosync "$(limit_of "$files" "$changed")"
	done
	((files == 10000)) && compare "$files" 100 sync 26
	rm -rf "ours$files" "theirs$files"
done
exit $over
