#!/bin/bash
# tests/lint.sh: the formatter in check mode, cppcheck and clang-tidy over all sources, at once as far
# as there are processors. Nothing found is exit code 0.
set -u
cd "$(dirname "$0")/.." || exit 2
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
failed=0

step() # WHAT COMMAND...
{
	local what=$1 begin=$SECONDS
	shift
	echo "lint: $what"
	if "$@"; then
		echo "lint: $what: nothing found ($((SECONDS - begin)) s)"
	else
		echo "lint: $what: see above ($((SECONDS - begin)) s)"
		failed=1
	fi
}

files() # PATTERN...
{
	find fsm conf status plugins runner tests -path tests/data -prune -o \
		-name "$1" -print | sort
}

format()
{
	{ files '*.c' && files '*.h'; } | xargs clang-format-14 --dry-run -Werror
}

# Narrowing is -Wconversion's; an error that is told without being returned is no mistake.
flags=(-std=c11 -D_GNU_SOURCE -I. -Wno-unused-value)

# Unused functions are looked for by no check here: a library may offer more than is called today.
# readdirCalled asks for readdir_r, which the C library itself advises against.
cppchecked()
{
	files '*.c' | grep -v '^tests/' | xargs cppcheck -q -j "$jobs" --error-exitcode=1 \
		--enable=warning,performance,portability --inline-suppr --std=c11 \
		--suppress=missingIncludeSystem --suppress=readdirCalled \
		--library=posix -D_GNU_SOURCE -D__linux__ -I.
}

# One file a process: clang-tidy 14 takes the va_list of every file after the first one for unset.
tidied()
{
	files '*.c' | grep -v '^tests/' |
		xargs -P "$jobs" -n 1 sh -c '
			clang-tidy-14 --quiet "$@" -- '"${flags[*]}"' 2> /dev/null || exit 1' tidy
}

scripts()
{
	local script found=0
	for script in tests/*.sh tests/*/*.sh runner/*/*.sh .ci/run; do
		[[ ! -e $script ]] || bash -n "$script" || found=1
	done
	return $found
}

step format format
step scripts scripts
step cppcheck cppchecked
step clang-tidy tidied
exit $failed
