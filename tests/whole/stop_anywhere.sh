#!/bin/bash
# deadline: 180
# A stop at any time, by any signal: what was started is ended, committed, pushed and reported; the cycle
# is closed; the next run goes on with the next step; no step is done twice.
. "$SRC/tests/lib.sh"

rounds=25 steps=30
[[ ${SOAK:-} ]] && rounds=600 steps=120
RANDOM=$((SEED % 32768))
signals=(TERM INT HUP USR1)

make_repository repo
cd repo || exit 1
plan() # ROUND
{
	echo "title = \"Round $1\""
	echo 'on_failure_work = "commit"'
	echo 'report "file" { type = "file" path = "../reports" on = {"step"} }'
	for ((i = 1; i <= steps; i++)); do
		echo "step \"step $1.$i\" { shell = \"echo $1.$i >> work\" grace = \"5s\" }"
	done
}
plan 1 > stepgate.conf
git add -A && git commit -q -m plan && git push -q

plans=1 early=0
for ((round = 1; round <= rounds; round++)); do
	"$STEPGATE" run --accept > "$out" 2> "$errors" < /dev/null & # a plan that is done is replaced
	pid=$!
	last="round $round"
	# From the first moment on to about the time that six steps take: nothing is waited for here.
	sleep "$(printf '0.%03d' $((RANDOM % 400)))"
	kill -"${signals[RANDOM % 4]}" $pid 2> ../kill.err
	[[ $((RANDOM % 3)) -gt 0 ]] || kill -TERM $pid 2> ../kill.err
	wait $pid
	code=$?
	# Before it could say that it wants to hear of them, signals kill it, and it has done nothing yet.
	if [[ $code -gt 128 && ! -s $out ]]; then
		early=$((early + 1))
		continue
	fi
	[[ $code -eq 0 ]] || fail "round $round: exit code $code"
	expect "steps begun and ended" "$(grep -c '^Starting' "$out")" "$(grep -c '^Step' "$out")"
	if [[ -s $out ]]; then
		tail -1 "$out" | grep -qE '^Cycle [0-9]+ closed: (User requested|All work completed)$' ||
			fail "round $round: the last line"
	fi
	expect "the work tree" "$(git status --porcelain --untracked-files=no)" ''
	expect "the upstream" "$(git -C ../repo.git rev-parse main)" "$(git rev-parse HEAD)"
	if grep -q 'All work completed' "$out"; then
		plans=$((plans + 1))
		plan $plans > stepgate.conf
		git commit -q -a -m "plan $plans" && git push -q
	fi
done
expect_exit 0 run --accept
[[ $early -lt $rounds ]] || fail "it was never met at work"

# Each step once, in its order, in the work and among the commits; the reports agree.
for ((p = 1; p <= plans; p++)); do
	for ((i = 1; i <= steps; i++)); do
		echo "$p.$i"
	done
done > wanted
git log --reverse --format=%s%n%b main | awk '/^Step [0-9]+: step /{print $4}' > committed
jq -r 'select(.status == "OK") | .description' ../reports | sed 's/^step //' > reported
# A step that was asked to end is committed as it was then, and done again.
uniq committed > once
cmp -s wanted once || fail "committed: $(diff wanted once | head -5)"
cmp -s wanted reported || fail "reported: $(diff wanted reported | head -5)"
