#!/bin/bash
# flavour: release
# deadline: 300
# The shape of the tree: what may include what, which library is used where, how long things are.
# Each rule is first tried on a sample that breaks it.
. "$SRC/tests/lib.sh"

sources() # FOLDER...
{
	find "$@" \( -name '*.c' -o -name '*.h' \) | sort
}

# The code without comments and texts, line for line, so that words in them break no rule.
code_of() # FILE
{
	awk '{
		line = $0; kept = ""
		while (length(line)) {
			if (inside) {
				end = index(line, "*/")
				if (!end) { line = ""; break }
				line = substr(line, end + 2); inside = 0; continue
			}
			if (match(line, /^"(\\.|[^"\\])*"/) || match(line, /^'\''(\\.|[^'\''\\])*'\''/)) {
				kept = kept "\"\""; line = substr(line, RLENGTH + 1); continue
			}
			two = substr(line, 1, 2)
			if (two == "//") break
			if (two == "/*") { inside = 1; line = substr(line, 3); continue }
			kept = kept substr(line, 1, 1); line = substr(line, 2)
		}
		print kept
	}' "$1"
}

# Includes go one way: a part may name itself and those to its right.
wrong_way()
{
	local part below
	while read -r part below; do
		[[ -d $part ]] || continue
		grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$part" |
			grep -vE "\"($part|${below// /|})/[^\"]*\""
	done << 'END'
runner plugins status conf fsm
plugins status conf fsm
status conf fsm
conf fsm
fsm fsm
runner/process plugins status conf fsm
runner/plan plugins status conf fsm
runner/schedule runner/process plugins status conf fsm
runner/helper runner/process plugins status conf fsm
runner/sender runner/helper runner/process plugins status conf fsm
runner/cycle runner/helper runner/sender runner/plan runner/process plugins status conf fsm
runner/commands runner/cycle runner/helper runner/sender runner/plan runner/schedule runner/process runner plugins status conf fsm
END
}

# Each outside library is used in one place. SQLite in two: our journal, and the database that OpenCode
# keeps, which is another program's format and no business of the journal's.
library_elsewhere()
{
	local header place
	while read -r header place; do
		grep -rnE --include='*.[ch]' "include[[:space:]]*[<\"]([a-z0-9]*/)?$header" \
			fsm conf status plugins runner | grep -vE "^($place)"
	done << 'END'
git2 runner/helper/
zlib\.h runner/helper/stage/deflate\.c:
libdeflate\.h runner/helper/stage/deflate\.c:
sqlite3\.h status/journal[a-z_]*\.[ch]:|plugins/opencode_db\.c:
pcre2\.h plugins/meter_regex\.c:
cJSON\.h status/|plugins/
confuse\.h conf/
dlfcn\.h plugins/module\.c:
(curl|openssl)/ runner/sender/
microhttpd\.h status/monitor/
n?curses\.h runner/top/
END
}

# The machine is pure: the C library, and of that nothing which reads, writes or tells the time.
impure_machine()
{
	grep -nE '#[[:space:]]*include[[:space:]]*<' fsm/*.[ch] |
		grep -vE '<(assert|limits|stdbool|stddef|stdint|stdlib|string|inttypes)\.h>' |
		grep -vE '^fsm/(bug|banned)\.h:'
}

banned_call()
{
	local file
	sources fsm conf status plugins runner | while read -r file; do
		[[ $file == fsm/banned.h ]] && continue
		code_of "$file" | grep -nE '(^|[^_[:alnum:].>])(sprintf|vsprintf|strcpy|stpcpy|strcat|strncpy|strncat|gets|s?scanf|atoi|atol|atoll|atof|strtok|system|popen|mktemp|tmpnam|tempnam|asctime|ctime|gmtime|localtime)[[:space:]]*\(' |
			sed "s|^|$file:|"
	done
}

# Only main prints errors and exits: the parts below the runner do neither. (A bug is another thing.)
speaks_below()
{
	local file
	sources fsm conf status plugins | while read -r file; do
		[[ $file == fsm/bug.h || $file == fsm/banned.h ]] && continue
		# It ends a process that it made, which is not the user's.
		[[ $file == conf/settings_read.c ]] && continue
		code_of "$file" | grep -nE '(^|[^_[:alnum:]])(exit|_exit|perror|err|errx|warn|warnx)[[:space:]]*\(|(^|[^_[:alnum:]])(printf|puts|putchar)[[:space:]]*\(|fprintf[[:space:]]*\([[:space:]]*std(err|out)' |
			sed "s|^|$file:|"
	done
}

too_long_file()
{
	sources fsm conf status plugins runner tests | grep -v '^tests/data/' | xargs wc -l |
		awk '$2 != "total" && $1 > 600'
}

# Functions begin with "{" in the first column and end with "}" there.
too_long_function()
{
	sources fsm conf status plugins runner tests | grep -v '^tests/data/' | xargs awk '
		FNR == 1 { start = 0 }
		/^{/ { start = FNR }
		/^}/ && start { if (FNR - start - 1 > 80) print FILENAME ":" start ": " FNR - start - 1
			start = 0 }'
}

unfinished()
{
	grep -rnwE 'TODO|FIXME|XXX|HACK' --include='*.[ch]' --include='*.sh' --include=Makefile \
		Makefile fsm conf status plugins runner tests | grep -v '^tests/whole/layering.sh:'
}

# What the top level may hold.
stray()
{
	local name
	for name in * .[!.]*; do
		case $name in
		fsm | conf | status | plugins | runner | tests | build | Makefile | README.md) ;;
		LICENSE | CHANGELOG.md | .clang-format | .clang-tidy | .ci | .git | .gitignore) ;;
		.gitattributes | .github | .editorconfig | '*' | '.[!.]*') ;;
		*) git check-ignore -q "$name" 2> /dev/null || echo "$name" ;;
		esac
	done
}

# Each rule, and a sample of a breach of it: a file and a line in it.
sample() # RULE FILE LINE
{
	rm -rf sample
	mkdir -p sample/{fsm,conf,status,plugins,runner/helper,tests}
	: > sample/Makefile
	for part in fsm conf status plugins runner tests; do
		echo 'int f(void);' > "sample/$part/good.h"
	done
	expect "breaches of $1 in a good tree" "$(cd sample && "$1")" ""
	printf '%s\n' "$3" > "sample/$2"
	[[ $(cd sample && "$1") ]] || fail "a breach of $1 goes unnoticed: $2: $3"
}

sample wrong_way status/bad.c '#include "plugins/meter.h"'
sample wrong_way fsm/bad.h '#include "conf/err.h"'
sample wrong_way conf/bad.h '#include "err.h"'
sample wrong_way plugins/bad.h '#include "../runner/x.h"'
sample wrong_way runner/helper/bad.h '#include "runner/cycle/session.h"'
sample library_elsewhere runner/bad.c '#include <git2.h>'
sample library_elsewhere runner/helper/bad.c '#include <zlib.h>'
sample library_elsewhere status/bad.c '#include <sqlite3.h>'
sample library_elsewhere runner/bad.c '#include <cjson/cJSON.h>'
sample library_elsewhere status/bad.h '#include <confuse.h>'
sample library_elsewhere runner/bad.c '#include <dlfcn.h>'
sample library_elsewhere status/bad.c '#include <microhttpd.h>'
sample library_elsewhere runner/bad.c '#include <ncurses.h>'
sample impure_machine fsm/bad.c '#include <time.h>'
sample banned_call runner/bad.c '	n = sprintf(out, "%d", n);'
sample banned_call runner/bad.c '	system("true");'
sample speaks_below conf/bad.c '	exit(1);'
sample speaks_below status/bad.c '	fprintf(stderr, "oh");'
sample too_long_file plugins/bad.c "$(seq 601)"
sample too_long_function runner/bad.c "$(echo '{' && seq 81 && echo '}')"
sample unfinished fsm/bad.c '/* TODO */'
sample stray notes.txt 'x'

cd "$SRC" || exit 1
breaches=$(for rule in wrong_way library_elsewhere impure_machine banned_call speaks_below \
	too_long_file too_long_function unfinished stray; do
	"$rule" | sed "s/^/$rule: /"
done)
[[ -z $breaches ]] || fail $'breaches:\n'"$breaches"
exit 0
