#!/bin/bash
# stepgate plugin new, check and list: what is written builds, runs and passes; what misbehaves is found
# to, each in its way.
. "$SRC/tests/lib.sh"

export ASAN_OPTIONS=${ASAN_OPTIONS:-}:handle_segv=0:handle_abort=0
# What new writes passes, in each language, and says how it is used.
for kind in step gate meter report; do
	for language in c python sh; do
		name=$language-$kind
		expect_exit 0 plugin new $kind "$name" --language $language
		case $language in
		c)
			file=$name/$name.so
			make -s -C "$name" CC="$CC" STEPGATE_CFLAGS="-I$SRC/plugins" \
				CFLAGS='-std=c99 -pedantic-errors -O2 -Wall -Wextra -Werror' ||
				fail "$name does not build"
			;;
		python) file=$name/$name.py ;;
		sh) file=$name/$name.sh ;;
		esac
		expect_line "try it:    stepgate plugin check $file"
		grep -qF "./$file" "$out" || fail "not said how $name is used"
		# All of them in a soak; here half of the programs, which share their heads.
		[[ ${SOAK:-} || " sh-step sh-meter python-gate python-report " != *" $name "* ]] || continue
		expect_exit 0 plugin check "$file"
		tail -1 "$out" | grep -qx '[0-9]* passed, 0 failed' || fail "$name: $(tail -1 "$out")"
		expect "lines of $name that are not ok" "$(sed '1d;$d' "$out" | grep -cv '^ok ')" 0
		[[ $language == c ]] || continue
		expect_exit 0 plugin check "$file" --as $kind --json
		expect_json '[.trials[] | select(.passed and .kind == "'$kind'")] | length' \
			"$([[ $kind == meter ]] && echo 12 || echo 9)"
	done
done

# They do what they say: a cycle of them.
make_repository repo
mv c-* python-* sh-* repo/
cd repo || exit 1
echo '/*-*/' > .git/info/exclude
write_config stepgate.conf << 'END'
title = "New"
budget { tokens = 1000 threshold = 50 }
gate "c" { module = "./c-gate/c-gate.so" options = {"most=100"} }
gate "python" { plugin = {"./python-gate/python-gate.py"} options = {"most=90"} }
gate "sh" { plugin = {"./sh-gate/sh-gate.sh"} options = {"most=80"} }
step "C" { module = "./c-step/c-step.so" options = {"file=c.txt"} }
step "Python" { plugin = {"./python-step/python-step.py"} options = {"file=python.txt"} }
step "Shell" { plugin = {"./sh-step/sh-step.sh"} options = {"file=sh.txt"} }
step "Usage" { shell = "echo '{\"tokens\": 85}' >&3" }
step "Never" { command = {"touch", "never"} }
END
expect_exit 0 run
expect_line 'Cycle 1 closed: Gate refused: sh: 85 tokens are used'
expect 'what they wrote' "$(cat c.txt python.txt sh.txt)" $'step 1: C\nstep 2: Python\nstep 3: Shell'

# list: those that come with stepgate and those of the config.
expect_exit 0 plugin list
grep -q '^make  *module  *step  ' "$out" || fail 'make is not listed'
expect_line "    $PWD/sh-gate/sh-gate.sh, gate \"sh\""
expect_exit 0 plugin list --json
expect_json '[.plugins[] | select(.used == "gate \"c\"")][0] | .name + " " + .binding + " " + .offers[0]' \
	'c-gate module gate'
expect_json '[.plugins[].used | select(. != null)] | sort | join(" ")' \
	'gate "c" gate "python" gate "sh" step "C" step "Python" step "Shell"'
echo 'int x;' | "$CC" -shared -fPIC -xc - -o c-gate/c-gate.so
expect_exit 0 plugin list
expect_line "    problem: $PWD/c-gate/c-gate.so: not loaded: it exports no stepgate_module: is stepgate.h included where it is defined?"
expect_exit 2 plugin list missing.conf

# Each kind of wrong.
make_worker_module worker.so
expect_exit 0 plugin check ./worker.so --as step
expect_exit 0 plugin check worker.so --as gate --options do=refuse
wrong_module() # KIND DO WHY
{
	expect_exit 1 plugin check ./worker.so --as "$1" --options do="$2" --timeout 300ms
	expect_line "FAIL  $1: answers a call: $3"
}
wrong_module step crash "$PWD/worker.so: killed by signal 11"
wrong_module gate exit "$PWD/worker.so: it ended without a verdict"
wrong_module report hang "$PWD/worker.so: ended after its timeout of 300 ms"
wrong_module gate odd 'it failed without words'
wrong_module meter crash "$PWD/worker.so: killed by signal 11"
expect_exit 1 plugin check worker.so --as step --options do=flood
expect_line 'FAIL  step: answers a call: it answers with more than 10000 lines'

wrong() # WHAT WHY SHELL-CODE
{
	printf '#!/bin/bash\n%s\n' "$3" > bad.sh
	chmod +x bad.sh
	expect_exit 1 plugin check ./bad.sh --as gate --timeout 500ms
	grep -qF "FAIL  gate: $1${2:+: $2}" "$out" || fail "not found to be wrong"
}
pass='{"type": "verdict", "verdict": "pass"}'
bad="$PWD/bad.sh: "
wrong 'answers a call' "${bad}it ended without a verdict" 'exit 0'
wrong 'answers a call' "${bad}exit status 1" 'exit 1'
wrong 'answers a call' "${bad}ended after its timeout of 500 ms" 'sleep 100'
wrong 'answers a call' "${bad}killed by signal 6" 'kill -ABRT $$'
wrong 'answers a call' "${bad}line 1 of its answer can't be taken: it is no JSON object" 'echo "{" >&3'
wrong 'answers a call' "${bad}line 1 of its answer can't be taken: it is longer than 65536 bytes" \
	'head -c 100000 /dev/zero | tr "\0" a >&3'
wrong 'answers a call' "$bad" 'yes "{\"type\": \"log\", \"text\": \"t\"}" >&3'
wrong 'answers a call' 'it refuses without words' 'echo "{\"type\":\"verdict\",\"verdict\":\"refuse\"}" >&3'
wrong 'does nothing on half a call' 'it answers as to a right call' "echo '$pass' >&3"
wrong 'does nothing for another version' 'it answers as to a right call' \
	"read -r call && jq -e . <<< \"\$call\" > /dev/null && echo '$pass' >&3"
wrong 'does nothing on half a call' "${bad}killed by signal 6" \
	"read -r call || kill -ABRT \$\$; echo '$pass' >&3"
wrong 'takes a long line' '' "read -r call; [[ \${#call} -lt 5000 ]] && echo '$pass' >&3"
expect_exit 1 plugin check ./bad.sh
expect_in_stderr ': say with --as what it is'
[[ -z $(ls -A "$TMPDIR" | grep stepgate-check) ]] || fail 'a scratch folder is left'

# What can't be.
expect_exit 1 plugin check missing.so
expect_stderr 'stepgate: missing.so: it can'"'"'t be checked: No such file or directory'
expect_exit 2 plugin check README
expect_stderr 'stepgate: README: it is not executable'
expect_exit 2 plugin check ./bad.sh --as dance
expect_exit 2 plugin check ./bad.sh --as gate --options level
expect_stderr "stepgate: --options: 'level': it is to be NAME=VALUE"
expect_exit 1 plugin check make --as gate
expect_in_stderr 'make.so: it offers no gate'
expect_exit 2 plugin new dance x
expect_stderr "stepgate: 'dance': not one of step, gate, meter, report"
expect_exit 2 plugin new step 'x"; system("y'
expect_in_stderr 'a name has a-z, 0-9, _ and -, and begins with a letter'
expect_exit 2 plugin new step x --language cobol
expect_stderr "stepgate: --language: 'cobol': not one of c, python, sh"
expect_exit 1 plugin new step c-step
expect_stderr 'stepgate: c-step: no folder of that name can be made: File exists'
expect_exit 2 plugin
expect_exit 0 plugin --help
exit 0
