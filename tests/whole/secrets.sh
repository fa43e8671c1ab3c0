#!/bin/bash
# What is likely to be a secret is in no commit, whichever way it is made; and is named.
. "$SRC/tests/lib.sh"

token="sk-ant-$(printf 'A%.0s' {1..40})"
config() # NAME SHELL [MORE]
{
	write_config "$1.conf" << END
title = "$1"
${3:-}
step "leak" { shell = "$2" }
END
}
echo "echo A=1 > .env; echo B=2 > .env.example; mkdir -p sub; echo $token > sub/notes; echo fine > fine; echo key=$token >> README" > leak
try() # NAME: with the engine that the repository asks for
{
	make_repository "$1"
	cd "$1" || exit 1
	[[ $1 != program ]] || { mkdir -p .git/hooks && printf '#!/bin/sh\n' > .git/hooks/pre-commit &&
		chmod +x .git/hooks/pre-commit; }
	config stepgate ". ../leak" "report \"file\" { path = \"../$1.jsonl\" }"
	git add -A && git commit -qm config && git push -q
	expect_exit 0 run
	expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
	expect_in_stderr 'stepgate: step 1: not committed, as likely secrets: '
	for held in '.env (its name)' 'sub/notes (Anthropic key)' 'README (Anthropic key)'; do
		expect_in_stderr "$held"
	done
	expect "what was committed" "$(git show --name-only --format= "$(git log -1 --format=%H --grep='^Step 1')" | tr '\n' ' ')" \
		'.env.example fine status/EE_CYCLE_STATUS.json '
	expect_json '.held_back | split(", ") | sort | join(", ")' '.env (its name), README (Anthropic key), sub/notes (Anthropic key)' \
		<(grep '"step":1' "../$1.jsonl" | head -1)
	git grep -q "$token" HEAD && fail "the token is committed"
	expect "what is left" "$(git status --porcelain -uall | tr '\n' '|')" ' M README|?? .env|?? sub/notes|'

	expect "what the journal has" "$(sqlite3 .stepgate/state.db 'SELECT held FROM step' | tr -d ' ' | tr ',' '\n' | sort | head -1)" \
		'.env(itsname)'

	# What a failed step leaves is no other thing.
	config fails "echo A=1 > sub/.env; echo x > x; exit 1"
	expect_exit 1 run fails.conf
	expect "the salvage" "$(git ls-tree -r --name-only refs/stepgate/salvage/2-1 | tr '\n' ' ')" \
		'.env.example README fails.conf fine status/EE_CYCLE_STATUS.json stepgate.conf x '
	git grep -q "$token" refs/stepgate/salvage/2-1 && fail "the token is salvaged"

	# As the config says.
	config allows "true" 'secrets { patterns = {"x"} tokens = false allow = {"sub/x"} }
		on_failure_work = "keep"'
	cp x sub/x
	expect_exit 0 run allows.conf
	expect_in_stderr 'stepgate: step 1: not committed, as likely secrets: x (its name)'
	expect "what is left" "$(git status --porcelain -uall)" '?? x'
	config off "true" 'secrets { hold = false }'
	expect_exit 0 run off.conf
	expect "what is left" "$(git status --porcelain -uall)" ''
	cd ..
}
try library
try program

# Who made the commit was killed before it could tell: the report is the next run's, and names them too.
make_repository killed
cd killed || exit 1
config stepgate "echo A=1 > .env; echo fine > fine" 'report "file" { path = "../killed.jsonl" }'
git add -A && git commit -qm config && git push -q
cat > ../killed.git/hooks/post-receive << 'END'
#!/bin/sh
[ ! -e ../killed.pid ] || kill -KILL "$(cat ../killed.pid)"
rm -f ../killed.pid
END
chmod +x ../killed.git/hooks/post-receive
# shellcheck disable=SC2016
sh -c 'echo $$ > ../killed.pid; exec "$0" run' "$STEPGATE" > "$out" 2> "$errors" &
wait $!
expect "how it ended" $? 137
grep -s '"step":1' ../killed.jsonl && fail "it was told before"
expect_exit 0 run
expect_in_stderr 'cycle 1 was cut off: it goes on from COMMIT'
expect_in_stderr 'stepgate: step 1: not committed, as likely secrets: .env (its name)'
expect_json '.held_back' '.env (its name)' <(grep '"step":1' ../killed.jsonl)
expect "the step's commits" "$(git log --format=%s | grep -c '^Step 1')" 1
