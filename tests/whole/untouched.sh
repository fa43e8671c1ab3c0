#!/bin/bash
# Bad input starts nothing and changes nothing; looking changes nothing either.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
picture . > ../before

unchanged() # WHAT
{
	picture . > ../after
	cmp -s ../before ../after || fail "$1 changed something: $(diff ../before ../after)"
}

tried=0
for path in "$SRC"/tests/data/conf/bad/*.conf; do
	cp "$path" ../bad.conf
	run "$STEPGATE" run ../bad.conf
	expect "exit code of $path" $code 2
	expect "stdout" "$(cat "$out")" ''
	grep -qE '^stepgate: .+: .+' "$errors" || fail "$path: no reason is given: $(cat "$errors")"
	unchanged "$path"
	tried=$((tried + 1))
done
[[ $tried -ge 40 ]] || fail "only $tried broken configs"

refused() # WORDS ARG...
{
	local words=$1
	shift
	expect_exit 2 "$@"
	expect_stdout ''
	expect_in_stderr "stepgate: $words"
	unchanged "$*"
}
refused "stepgate.conf: " run
refused "no/such.conf: " validate no/such.conf
refused "rnu: no such command: did you mean 'run'?" rnu
refused "xyzzy: no such command" xyzzy
refused "step: no such command: did you mean 'step begin'?" step begn
refused "step: a word is missing behind it: 'stepgate step --help' lists them" step
expect_exit 0 step --help
expect_in_stdout() { grep -q "^$1" "$out" || fail "not in the help: $1"; }
expect_in_stdout 'usage: stepgate step begin '
expect_in_stdout 'usage: stepgate step done '
expect_exit 0 update --help
# The texts stand in one column, whatever bytes the names have.
expect "columns of the texts" "$(grep -oP '^  --[^ ]+( [A-Z][^ ]*)*( …)? +(?=[a-z])' "$out" |
	while IFS= read -r left; do echo "$(LC_ALL=C.UTF-8; echo ${#left})"; done | sort -u)" 27
refused "--treshold: unknown option: did you mean --threshold?" run --treshold 40
refused "--threshold: out of range: 19 is not within 20..95" run --threshold 19
refused "--threshold: out of range: 96" check 5 --threshold=96
refused "--threshold: not a whole number: '35%'" check 5 --threshold 35%
refused "--threshold: needs a value" run --threshold
refused "--budget: out of range: 0" run --budget 0
refused "--budget: out of range: 9223372036854775808" run --budget 9223372036854775808
refused "--json: takes no value" check 5 --json=yes
refused "--json: given twice" check 5 --json --json
refused "TOKENS is missing" check
refused "TOKENS: out of range: -1" check -1
refused "TOKENS: not a whole number: '1e5'" check 1e5
refused "TOKENS: not a whole number: ''" check ''
refused "7: one argument too many" check 5 7
refused "--task is missing" start
refused "--task: there is nothing in it to be read" start --task ' '
refused "MESSAGE: there is nothing in it to be read" report $'\e[31m\n'
refused "--dot and --promela" fsm --dot --promela
refused "nothing to update" update
refused "--step-complete, --step-desc and --tokens go together" update --step-complete 4
refused "--desc is missing" step done --tokens 4
expect_exit 2
expect_stdout ''

# A dry run leaves no trace, in a repository that was never used.
write_config ../good.conf << END
title = "Good"
repository { path = "repo" }
step "s" { shell = "touch started" }
END
for verb in validate plan; do
	expect_exit 0 $verb ../good.conf
	expect_stderr ''
	unchanged $verb
done
expect_exit 0 status
unchanged status

# A repository that could not take the work is found out before the first step.
cannot() # WORDS
{
	picture . > ../before
	expect_exit 2 run ../good.conf
	expect_stdout ''
	expect_in_stderr "$1"
	[[ ! -e started && ! -e .stepgate ]] || fail "something was started"
	unchanged "run"
	expect_exit 1 plan ../good.conf
}
git branch -q --unset-upstream
cannot 'the branch has no upstream to push to'
git branch -q -u origin/main
git checkout -q --detach
cannot 'HEAD is detached'
git checkout -q main
HOME=/nonexistent cannot 'no identity to commit as'
