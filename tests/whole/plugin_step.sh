#!/bin/bash
# Steps that a plugin does: a module in a process of its own, or a program that speaks the protocol.
# What it does is a step like any other; whatever it does wrong is a failed step, and no more.
. "$SRC/tests/lib.sh"

build() # NAME [FLAG...]
{
	local name=$1
	shift
	"$CC" -I"$SRC" -Wall -shared -fPIC -fvisibility=hidden "$@" \
		-o "$name" "$SRC/tests/modules/worker.c" -Wno-unused-function ||
		fail "can't build $name"
}

# A sanitizer would make an exit of a module's crash.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:handle_segv=0:handle_abort=0
make_repository repo
mkdir plugins
build plugins/worker.so
cd repo || exit 1
echo '*.conf' > .git/info/exclude
status=status/EE_CYCLE_STATUS.json

# Both bindings, one after the other, on one budget.
cat > ../plugins/worker.sh << 'END'
#!/bin/bash
read -r call
echo "$call" > call.json
echo "to stdout"
say() { printf '%s\n' "$1" >&"$STEPGATE_PLUGIN_FD"; }
say '{"type": "progress", "percent": 10}'
say '{"type": "log", "text": "to the log"}'
say '{"type": "usage", "input": 5, "cache_read": 900, "cache_write": 2, "output": 3}'
say '{"type": "of another year", "what": 1}'
say '{"type": "result", "ok": true, "text": "done"}'
END
chmod +x ../plugins/worker.sh
write_config good.conf << 'END'
title = "Good"
budget { tokens = 1000 threshold = 60 }
step "Module" { module = "../plugins/worker.so" }
step "Program" { plugin = {"../plugins/worker.sh"} options = {"level=3", "name=a = b"} }
END
expect_exit 0 validate good.conf
expect_exit 0 plan good.conf
grep -qF "runs: module $PWD/../plugins/worker.so" "$out" || fail "plan does not say how"
grep -qF "runs: plugin $PWD/../plugins/worker.sh" "$out" || fail "plan does not say how"
expect_exit 0 run good.conf
expect_line 'Step 1 completed: Tokens: 4.0%; Status: OK, updated & pushed'
expect_line 'Step 2 completed: Tokens: 5.0%; Status: OK, updated & pushed'
expect "what the module was told" "$(cat made-by-module)" \
	'Module: cycle 1, step 1, attempt 1, used 0 of 600 of 1000, key 1'
expect "the log of the module" "$(sort .stepgate/logs/cycle-0001/step-01.log | head -1)" \
	$'a line for the log'
grep -qx 'printed by the module' .stepgate/logs/cycle-0001/step-01.log || fail "stdout is not logged"
expect "the log of the program" "$(cat .stepgate/logs/cycle-0001/step-02.log)" $'to stdout\nto the log'
expect "the call" "$(jq -c '[.stepgate, .call, .options, .cycle, .step, .attempt, .title, .budget, .limit,
	.used, .repository, (.key | length)]' call.json)" \
	"[1,\"step\",{\"level\":\"3\",\"name\":\"a = b\"},1,2,1,\"Program\",1000,600,40,\"$PWD\",16]"

# Each way to go wrong: the step is NOK with words, the cycle goes on to its end, nothing is left.
# A leak without a limit is a heavy step; with one it is a dead step.
cycle=1
wrong() # DO WHY [SETTING...]
{
	local how=$1 why=$2
	shift 2
	write_config "$how.conf" << END
title = "$how"
on_failure = "skip"
step "bad" { module = "../plugins/worker.so" options = {"do=$how"} $* }
step "after" { shell = "echo $how >> after" }
END
	expect_exit 0 run "$how.conf"
	cycle=$((cycle + 1))
	expect_line "Cycle $cycle closed: All work completed"
	if [[ $why ]]; then
		expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, not committed'
		expect "why $how failed" "$(sqlite3 .stepgate/state.db \
			"select why from step where cycle = $cycle and step = 1" 2> /dev/null ||
			true)" "$why"
	else
		expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
	fi
	expect_line 'Step 2 completed: Tokens: 0.0%; Status: OK, updated & pushed'
}
wrong crash 'killed by signal 11 (Segmentation fault)'
wrong abort 'killed by signal 6 (Aborted)'
wrong exit 'it ended without a result'
wrong exit3 'exit status 3'
wrong fail 'two files are wrong'
wrong hang 'ended after its timeout of 1 s' 'timeout = "1s" grace = "100ms"'
wrong flood '' 'max_output = "64K"'
wrong fork ''
wrong close 'it ended without a result'
wrong leak ''
! pgrep -u "$(id -u)" -f "module-host $PWD" || fail "a module outlived its step"

# The same for a program.
program() # WHY SHELL-CODE
{
	printf '#!/bin/sh\n%s\n' "$2" > ../plugins/bad.sh
	chmod +x ../plugins/bad.sh
	write_config bad.conf << 'END'
title = "Bad"
on_failure = "skip"
when_complete = "restart"
step "bad" { plugin = {"../plugins/bad.sh"} timeout = "20s" }
step "after" { shell = "date +%N >> after" }
END
	expect_exit 0 run bad.conf
	cycle=$((cycle + 1))
	expect "why it failed" "$(sqlite3 .stepgate/state.db \
		"select why from step where cycle = $cycle and step = 1")" "$1"
	expect_line "Cycle $cycle closed: All work completed"
}
json='it is no JSON object with each key once'
answer="line 1 of its answer can't be taken:"
program 'it ended without a result' 'exit 0'
program 'exit status 7' 'echo "{\"type\": \"result\", \"ok\": true}" >&3; exit 7'
program 'no: exit status 7' 'echo "{\"type\": \"result\", \"ok\": false, \"text\": \"no\"}" >&3; exit 7'
program "$answer $json" 'echo "{\"type\": \"result\", \"ok\": true" >&3'
program "$answer $json" 'echo "{\"type\": \"log\", \"type\": \"result\"}" >&3'
program "$answer $json" 'echo "[1, 2]" >&3'
program "$answer a type is missing" 'echo "{\"tokens\": 5}" >&3'
program "$answer ok is neither true nor false" 'echo "{\"type\": \"result\", \"ok\": 1}" >&3'
program "$answer this was not asked" 'echo "{\"type\": \"verdict\", \"verdict\": \"pass\"}" >&3'
program "$answer a figure is no whole number from 0 to 9223372036854775807" \
	'echo "{\"type\": \"usage\", \"tokens\": -1}" >&3'
program "$answer it is longer than 65536 bytes" 'head -c 70000 /dev/zero | tr "\0" x >&3'
program "line 2 of its answer can't be taken: it is a second answer" \
	'for i in 1 2; do echo "{\"type\": \"result\", \"ok\": true}" >&3; done'

# A leak is held by max_memory where a cgroup can hold it.
write_config leak2.conf << 'END'
title = "Leak"
step "bad" { module = "../plugins/worker.so" options = {"do=leak"} max_memory = "64M" }
END
run "$STEPGATE" run leak2.conf
if ! grep -q "can't be held" "$errors"; then
	expect "exit code of a leak" "$code" 1
	expect_in_stderr 'killed by signal 9'
fi

exit 0
