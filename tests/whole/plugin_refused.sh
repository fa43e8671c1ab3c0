#!/bin/bash
# A module that is not what it should be, or that someone else could have put there, is refused with
# words, by validate and run alike, and nothing is started.
. "$SRC/tests/lib.sh"

make_repository repo
mkdir plugins
cd repo || exit 1
at=$PWD/../plugins

refuse() # WORDS SETTINGS...
{
	local words=$1 command
	shift
	write_config refuse.conf << END
title = "Refused"
step "s" { shell = "touch ran" }
step "t" { $* }
END
	for command in validate run; do
		expect_exit 2 "$command" refuse.conf
		expect_stdout ''
		expect_stderr "stepgate: $words"
	done
	[[ ! -e ran ]] || fail "a step ran beside a module that is refused"
}
in_config() # NAME WHY
{
	refuse "refuse.conf:3: module = \"../plugins/$1\": $2" "module = \"../plugins/$1\""
}
not_loaded() # NAME WHY
{
	refuse "refuse.conf:3: $at/$1: not loaded: $2" "module = \"../plugins/$1\""
}

# What it is.
in_config missing.so 'there is no such module'
in_config . 'it is no module'
echo 'no module' > "$at/text.so"
not_loaded text.so 'it is no module: file too short'
make_worker_module "$at/old.so" -DABI=0
not_loaded old.so \
	'it is made for version 0 of the module interface, and this is version 1: build it anew'
make_worker_module "$at/small.so" -DSIZE=12
size=$(echo 'struct stepgate_module m; char a[sizeof m];' |
	"$CC" -I"$SRC" -include plugins/stepgate.h -xc -c - -o sizes.o && nm -S sizes.o |
	sed -n 's/^[0-9a-f]* \([0-9a-f]*\) [A-Z] a$/\1/p')
size=$((16#$size))
rm sizes.o
not_loaded small.so "its stepgate_module has $size bytes and says 12, where it should have $size: build it anew with this stepgate's stepgate.h"
make_worker_module "$at/half.so" -DHALF
not_loaded half.so \
	'a meter is meter_open, meter_feed, meter_read and meter_close: it has 2 of these'
make_worker_module "$at/nothing.so" -DNOTHING
not_loaded nothing.so 'it offers none of step, meter, gate and report'
echo 'int other;' | "$CC" -shared -fPIC -xc - -o "$at/other.so"
not_loaded other.so 'it exports no stepgate_module: is stepgate.h included where it is defined?'
echo 'int stepgate_module(void) { return 1; }' | "$CC" -shared -fPIC -xc - -o "$at/function.so"
not_loaded function.so 'its stepgate_module is no struct stepgate_module'
echo 'int stepgate_module = 1;' | "$CC" -shared -fPIC -xc - -o "$at/int.so"
not_loaded int.so 'its stepgate_module is no struct stepgate_module'
echo 'extern int nowhere(void); int stepgate_module(void) { return nowhere(); }' |
	"$CC" -shared -fPIC -xc - -o "$at/missing_symbol.so"
not_loaded missing_symbol.so 'it is no module: undefined symbol: nowhere'

# What it does when it is loaded is done in a process of its own.
echo '__attribute__((constructor)) static void f(void) { __builtin_trap(); }' |
	"$CC" -shared -fPIC -xc - -o "$at/trap.so"
write_config trap.conf << 'END'
step "t" { module = "../plugins/trap.so" }
END
expect_exit 2 validate trap.conf
expect_in_stderr "trap.conf:1: $at/trap.so: killed by signal"

# Who can write it.
make_worker_module "$at/good.so"
write_config good.conf << 'END'
step "t" { module = "../plugins/good.so" }
END
expect_exit 0 validate good.conf
chmod g+w "$at/good.so"
in_config good.so 'others can write it: chmod go-w'
chmod 644 "$at/good.so"
chmod o+w "$at"
in_config good.so 'others can write its folder: chmod go-w'
chmod +t "$at"
in_config good.so 'others can write its folder: chmod go-w'
chmod 755 "$at"
mkdir -p "$at/deep/er"
cp "$at/good.so" "$at/deep/er/good.so"
chmod g+w "$at/deep"
in_config deep/er/good.so 'others can write a folder above it: chmod go-w'
chmod 1777 "$at/deep"
write_config good.conf << 'END'
step "t" { module = "../plugins/deep/er/good.so" }
END
expect_exit 0 validate good.conf
# A link is looked at where it leads.
mkdir "$at/open"
cp "$at/good.so" "$at/open/"
chmod 777 "$at/open"
ln -s open/good.so "$at/link.so"
in_config link.so 'others can write its folder: chmod go-w'
if [[ $(id -u) -eq 0 ]]; then
	chown 65534 "$at/good.so"
	in_config good.so 'it belongs to someone else'
	chown 0 "$at/good.so"
	chown 65534 "$at/deep/er"
	in_config deep/er/good.so 'its folder belongs to someone else'
	chown 0 "$at/deep/er"
fi

# What does not go together, or is not there.
good='module = "../plugins/good.so"'
refuse 'refuse.conf:3: plugin: not beside a module' "$good plugin = {\"true\"}"
refuse 'refuse.conf:3: command: not beside a module or plugin' "$good command = {\"true\"}"
refuse 'refuse.conf:3: shell: not beside a module or plugin' 'plugin = {"true"} shell = "true"'
refuse 'refuse.conf:3: input: a module or plugin reads its call there' "$good input = \"README\""
refuse 'refuse.conf:3: options: only with a module or a plugin' 'command = {"true"} options = {"a=b"}'
refuse 'refuse.conf:3: options = "level": it is to be "NAME=VALUE"' "$good options = {\"level\"}"
refuse 'refuse.conf:3: options = "=3": it is to be "NAME=VALUE"' "$good options = {\"=3\"}"
refuse 'refuse.conf:3: options = "a=2": this option is given twice' \
	"$good options = {\"a=1\", \"a=2\"}"
refuse 'refuse.conf:3: plugin = "no-such-plugin": there is no such program in PATH' \
	'plugin = {"no-such-plugin"}'
exit 0
