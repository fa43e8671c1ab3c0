#!/bin/bash
# tests/run.sh [NAME...]: runs the tests, or those whose name has one of the words in it.
#
# A test is a program BUILD/unit/test_NAME or a script tests/whole/NAME.sh. Each runs alone: in its
# own session, with its own HOME and TMPDIR, an empty scratch folder as the current one, and nothing
# of our environment. It passes with exit code 0, is skipped with 77 (its last line says why), and
# fails with any other, at its deadline, or by leaving a process behind.
#
# Among the first ten lines of its source, "deadline: SECONDS" gives a test more time than DEADLINE,
# "soak: SECONDS" says what it may take in a soak (else ten times as much), and "flavour: release" that
# it doesn't look at the programs, so once is enough.
#
#   BUILD=build/release  where the programs are         JOBS=2        tests at a time
#   DEADLINE=120         seconds for a test             SEED=N        for tests that use chance
#   SOAK=1               whole sweeps, longer deadlines KEEP=1        keeps the scratch folders
#   PART=I/N             of the sweeps of a soak the Ith of N parts
#   WHOLE=tests/whole    the folder of the scripts      UNIT=tests/unit  that of the units' sources
set -u

source_tree=$(cd "$(dirname "$0")/.." && pwd) || exit 2
build=$(realpath "${BUILD:-$source_tree/build/release}") || exit 2
whole=$(realpath "${WHOLE:-$source_tree/tests/whole}") || exit 2
unit=${UNIT:-$source_tree/tests/unit}
jobs=${JOBS:-2}
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}
soak=${SOAK:-}
[[ ${PART:-1/1} =~ ^([1-9][0-9]*)/([1-9][0-9]*)$ && ${BASH_REMATCH[1]} -le ${BASH_REMATCH[2]} ]] ||
	{ echo "PART=$PART: not like 2/5"; exit 2; }
scale=1
[[ $build == */asan ]] && scale=3
check_seconds=$((20 * scale))
[[ $soak ]] && check_seconds=$((check_seconds * 10))

top=$(mktemp -d "${TMPDIR:-/tmp}/stepgate-tests.XXXXXX") || exit 2
# A test that gives up being root must still get to its own folder.
chmod 711 "$top"
finish()
{
	# A test may have taken rights away from its folders.
	[[ ${KEEP:-} ]] && echo "kept: $top" && return
	chmod -R u+rwX "$top" 2> /dev/null
	rm -rf "$top"
}
trap finish EXIT
trap 'kill $(jobs -p) 2> /dev/null; wait; exit 130' INT TERM HUP

# One line a test: its name, its source, what to run.
list()
{
	local path name
	for path in "$unit"/test_*.c; do
		[[ -e $path ]] || continue
		name=$(basename "$path" .c)
		echo "unit/${name#test_} $path $build/unit/$name"
	done
	for path in "$whole"/*.sh; do
		[[ -e $path ]] || continue
		echo "whole/$(basename "$path" .sh) $path $path"
	done
}

wanted() # NAME
{
	local word
	[[ ${#words[@]} -eq 0 ]] && return 0
	for word in "${words[@]}"; do
		[[ $1 == *"$word"* ]] && return 0
	done
	return 1
}

# What a source says of itself under a name.
noted() # NAME SOURCE
{
	sed -n "1,10s/.*$1: \([a-z0-9][a-z0-9]*\).*/\1/p" "$2" | head -1
}

deadline_of() # SOURCE
{
	local seconds soaked
	seconds=$(noted deadline "$1")
	seconds=${seconds:-${DEADLINE:-120}}
	if [[ $soak ]]; then
		soaked=$(noted soak "$1")
		seconds=${soaked:-$((seconds * 10))}
	fi
	echo $((seconds * scale))
}

make_home() # FOLDER
{
	cat > "$1/.gitconfig" << END
[user]
	name = Test
	email = test@example.org
[init]
	defaultBranch = main
[safe]
	directory = *
[gc]
	auto = 0
[maintenance]
	auto = false
[commit]
	gpgSign = false
END
}

# Runs a test's program once, for run_one, whose variables it uses; sets code.
attempt()
{
	(
		cd "$place/work" || exit 126
		umask 022
		exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			HOME="$place/home" TMPDIR="$place/tmp" LANG=C.UTF-8 \
			STEPGATE="$build/stepgate" BUILD="$build" SRC="$source_tree" \
			SEED="$seed" ${soak:+SOAK=1} ${PART:+PART="$PART"} ${RECORDINGS:+RECORDINGS="$RECORDINGS"} CC="${CC:-gcc}" \
			CK_DEFAULT_TIMEOUT=$check_seconds GIT_CONFIG_NOSYSTEM=1 \
			ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=print_stacktrace=1:exitcode=99 \
			"$build/tools/alone" "$seconds" "$program"
	) > "$place/output" 2>&1 < /dev/null
	code=$?
}

# Runs one test; what became of it goes to the file "result" in its folder: a word and a note.
run_one() # NAME SOURCE PROGRAM
{
	local name=$1 source=$2 program=$3
	local place=$top/$name code begin end note seconds
	mkdir -p "$place"/{home,tmp,work}
	make_home "$place/home"
	if [[ $(noted flavour "$source") == release && $build == */asan ]]; then
		echo "skipped the same in every flavour: runs in release" > "$place/result"
		return
	fi
	seconds=$(deadline_of "$source")
	[[ ! $soak ]] || echo "begun   $name, for at most $seconds s: $place/output"
	begin=$(date +%s%N)
	attempt
	# LeakSanitizer stops its process by ptrace at the end; a trivial test was seen to hang there once.
	# Such a time-out is tried once more: a real one comes again.
	if [[ $code -ne 0 && $build == */asan ]] && grep -q 'Test timeout expired' "$place/output"; then
		echo "tried again after a time-out: $name"
		rm -rf "$place/work" && mkdir "$place/work"
		attempt
	fi
	end=$(date +%s%N)
	note=$(printf '%d.%02d s' $(((end - begin) / 1000000000)) $(((end - begin) / 10000000 % 100)))
	if [[ $code -eq 0 && $name == unit/* ]] && ! grep -q 'Checks: [1-9]' "$place/output"; then
		echo "no check was made" >> "$place/output"
		code=1
	fi
	case $code in
	0) echo "passed $note" ;;
	77) echo "skipped $(tail -1 "$place/output")" ;;
	*) echo "failed $note, exit code $code" ;;
	esac > "$place/result"
	[[ ${KEEP:-} || $code -ne 0 ]] || rm -rf "$place/work" "$place/tmp" 2> /dev/null
}

words=("$@")
passed=0 failed=0 skipped=0
tell() # NAME
{
	local word note
	read -r word note < "$top/$1/result" || { word=failed note='it has no result'; }
	case $word in
	passed) passed=$((passed + 1)) ;;
	skipped) skipped=$((skipped + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
	printf '%-8s%-28s %s\n' "$word" "$1" "$note"
	[[ $word == failed || ${V:-0} == 1 || $soak ]] && sed 's/^/        | /' "$top/$1/output"
	return 0
}

declare -A running=()
tell_ended()
{
	local pid
	wait -n -p pid 2> /dev/null
	[[ ${pid:-} && ${running[$pid]:-} ]] || return 0
	tell "${running[$pid]}"
	unset "running[$pid]"
}

echo "seed $seed"
while read -r name source program; do
	wanted "$name" || continue
	while [[ ${#running[@]} -ge $jobs ]]; do
		tell_ended
	done
	run_one "$name" "$source" "$program" &
	running[$!]=$name
done < <(list)
while [[ ${#running[@]} -gt 0 ]]; do
	tell_ended
done

[[ $((passed + failed + skipped)) -eq 0 ]] && echo "no test of that name: ${words[*]}" && failed=1
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed -eq 0 ]]
