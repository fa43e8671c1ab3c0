# shellcheck shell=bash
# Sourced by the tests in tests/whole: `. "$SRC/tests/lib.sh"`. The first thing that is not as it
# should be ends the test, with words.
set -u

fail() # WORDS...
{
	echo "$(basename "$0"): line ${BASH_LINENO[-2]}: $*" >&2
	if [[ -e ${out:-} ]]; then
		echo "--- last: ${last:-}: exit code ${code:-}; stdout:" >&2
		cat "$out" >&2
		echo "--- stderr:" >&2
		cat "$errors" >&2
	fi
	exit 1
}

skip() # REASON
{
	echo "$*"
	exit 77
}

# What the last run gave: $code, and files with what it printed.
out=$TMPDIR/stdout errors=$TMPDIR/stderr code= last=
: > "$out"
: > "$errors"

# Runs a command to its end, keeping exit code, stdout and stderr; never fails by itself.
run() # COMMAND [ARG...]
{
	last="$*"
	"$@" > "$out" 2> "$errors" < /dev/null
	code=$?
	return 0
}

# Runs stepgate and checks its exit code.
expect_exit() # CODE ARG...
{
	local wanted=$1
	shift
	run "$STEPGATE" "$@"
	[[ $code -eq $wanted ]] || fail "stepgate $*: exit code $code, not $wanted"
}

# Whole output, exactly; TEXT without its last newline.
expect_stdout() # TEXT
{
	[[ $(cat "$out"; echo .) == "$1"$'\n'. || (-z $1 && ! -s $out) ]] || fail "stdout is not: $1"
}

expect_stderr() # TEXT
{
	[[ $(cat "$errors"; echo .) == "$1"$'\n'. || (-z $1 && ! -s $errors) ]] ||
		fail "stderr is not: $1"
}

# A line of its own, exactly; or a piece of one.
expect_line() # TEXT [FILE]
{
	grep -qxF -- "$1" "${2:-$out}" || fail "no line in ${2:-stdout}: $1"
}

expect_in_stderr() # TEXT
{
	grep -qF -- "$1" "$errors" || fail "not in stderr: $1"
}

expect() # WHAT LEFT RIGHT
{
	[[ $2 == "$3" ]] || fail "$1: $2, not $3"
}

# Waits until COMMAND succeeds.
wait_for() # SECONDS COMMAND [ARG...]
{
	local until=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" > /dev/null 2>&1; do
		[[ ${EPOCHREALTIME/./} -lt $until ]] || fail "waited in vain for: $*"
		sleep 0.01
	done
}

# The figure or text of a jq FILTER over a JSON file (default: what was printed).
json() # FILTER [FILE]
{
	jq -er "$1" "${2:-$out}" || fail "no $1 in ${2:-stdout}"
}

expect_json() # FILTER VALUE [FILE]
{
	local got
	got=$(jq -r "$1" "${3:-$out}" 2>&1)
	[[ $got == "$2" ]] || fail "$1 is $got, not $2"
}

# A repository on branch main with one commit, and a bare upstream NAME.git that has it.
make_repository() # NAME
{
	git init -q --bare "$1.git" &&
		git init -q "$1" &&
		echo "a scratch repository" > "$1/README" &&
		git -C "$1" add -A &&
		git -C "$1" commit -q -m "First" &&
		git -C "$1" remote add origin "$PWD/$1.git" &&
		git -C "$1" push -q -u origin main || fail "can't make the repository $1"
}

# Whether stepgate can make cgroups here.
makes_cgroups()
{
	local place
	place=$(mktemp -d) || fail "no folder"
	printf '%s\n' 'repository { commit = false }' 'step "Where" { command = {"cat", "/proc/self/cgroup"} }' \
		> "$place/stepgate.conf"
	"$STEPGATE" run "$place/stepgate.conf" > /dev/null 2>&1 || fail "a step can't be run"
	grep -q '/stepgate-' "$place/.stepgate/logs/cycle-0001/step-01.log"
}

# The subjects of the upstream's commits, oldest first, without the first one's.
upstream_subjects() # NAME
{
	git -C "$1.git" log --reverse --format=%s main | tail -n +2
}

# tests/modules/worker.c as a module, FILE, as anybody's is built.
make_worker_module() # FILE [FLAG...]
{
	local file=$1
	shift
	"$CC" -I"$SRC" -shared -fPIC -fvisibility=hidden -w "$@" -o "$file" \
		"$SRC/tests/modules/worker.c" || fail "can't build $file"
}

# stdin becomes the config file.
write_config() # FILE
{
	cat > "$1" || fail "can't write $1"
}

# A description of all in a folder: to see that nothing in it was changed.
picture() # FOLDER
{
	(cd "$1" && find . -printf '%P %y %m %s %T@ %l\n' | sort && find . -type f -print0 |
		sort -z | xargs -0r sha256sum)
}
