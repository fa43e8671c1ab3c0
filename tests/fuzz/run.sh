#!/bin/bash
# tests/fuzz/run.sh FOLDER: runs each fuzzer in it for FUZZ_SECONDS (20), from the files of the tests.
# What breaks one is kept in build/fuzz/found, and is exit code 1. What reached something new is kept in
# build/fuzz/corpus, from which the next run goes on.
set -u

source_tree=$(cd "$(dirname "$0")/../.." && pwd) || exit 2
folder=$(realpath "$1") || exit 2
seconds=${FUZZ_SECONDS:-20}
found=$(dirname "$folder")/found
corpus=$(dirname "$folder")/corpus
place=$(mktemp -d "${TMPDIR:-/tmp}/stepgate-fuzz.XXXXXX") || exit 2
trap 'rm -rf "$place"' EXIT
trap 'exit 130' INT TERM HUP
mkdir -p "$found"

# A folder tests/data/NAME feeds fuzz_NAME…; without one it begins from nothing. The scanner of the
# meters is fed what they are.
seeds_of() # NAME INTO
{
	local data=$source_tree/tests/data/${1%%_*} file n=0
	[[ $1 != scan ]] || data=$source_tree/tests/data/meter
	mkdir -p "$2"
	[[ -d $data ]] || return 0
	find "$data" -type f | while read -r file; do
		cp "$file" "$2/seed-$((n += 1))"
	done
	# A database has its first two bytes for the fuzzer, the second of which says that it is a file.
	[[ $1 != meter_opencode ]] || for file in "$data"/opencode-*/files/opencode/*.sql; do
		sqlite3 "$2/database" < "$file" && { printf '@\0' && cat "$2/database"; } > "$2/db-$((n += 1))"
		rm -f "$2/database"
	done
	[[ $1 != conf ]] || cp "$source_tree"/conf/examples/*.conf "$2"
}

failed=0 ran=0
for fuzzer in "$folder"/fuzz_*; do
	[[ -x $fuzzer && ! -d $fuzzer ]] || continue
	name=$(basename "$fuzzer")
	ran=$((ran + 1))
	seeds_of "${name#fuzz_}" "$place/$name"
	mkdir -p "$corpus/$name"
	begin=$SECONDS
	# Small inputs are tried more often; a database has no small ones.
	limit=()
	[[ $name == fuzz_meter_opencode || $name != fuzz_@(meter_*|scan) ]] || limit=(-max_len=8192)
	if (cd "$place" && "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 "${limit[@]}" \
		-print_final_stats=1 -artifact_prefix="$found/$name-" "$corpus/$name" "$name") \
		> "$place/$name.log" 2>&1; then
		printf '%-28s nothing found: %s runs in %d s, coverage %s\n' "$name" \
			"$(sed -n 's/^stat::number_of_executed_units: //p' "$place/$name.log")" \
			$((SECONDS - begin)) \
			"$(grep -o 'cov: [0-9]*' "$place/$name.log" | tail -1 | cut -d' ' -f2)"
	else
		printf '%-28s FAILED: see %s\n' "$name" "$found"
		grep -vE '^#|^INFO' "$place/$name.log" | tail -40
		failed=1
	fi
done
[[ $ran -gt 0 ]] || { echo "fuzz: no fuzzer in $folder" >&2; exit 2; }
exit $failed
