#!/bin/bash
# flavour: release
# Set-up of a machine, tried with stand-ins for Debian's programs: what is missing is installed once,
# as root or through sudo; where that can't be, it is named and nothing is done.
. "$SRC/tests/lib.sh"

mkdir bin
stand_in() # NAME, script from stdin
{
	(echo '#!/bin/bash' && cat) > "bin/$1" && chmod +x "bin/$1"
}
for tool in bash env cat cut sed xargs mktemp rm grep; do
	ln -s "$(command -v "$tool")" "bin/$tool"
done
setup() # GROUP...
{
	rm -f calls
	run env PATH="$PWD/bin" HERE="$PWD" TMPDIR="$TMPDIR" "$BASH" "$SRC/tests/setup.sh" "$@"
}
calls()
{
	[[ ! -e calls ]] || cat calls
}

# Debian, as root; apt-get fails as often as the file "failures" says.
stand_in dpkg-query << 'END'
for package in $(cat "$HERE/installed"); do
	[[ " $* " == *" $package "* ]] && echo "installed $package:amd64"
done
exit 1
END
stand_in apt-get << 'END'
echo "apt-get $* frontend=$DEBIAN_FRONTEND" >> "$HERE/calls"
[[ $1 == update ]] && exit 0
failures=$(cat "$HERE/failures")
[[ $failures -eq 0 ]] && exit 0
echo $((failures - 1)) > "$HERE/failures"
echo "E: Unable to locate package"
exit 100
END
stand_in id <<< 'cat "$HERE/uid"'
all=$(sed -n 's/^build  *\([^ ]*\).*/\1/p' "$SRC/tests/setup.sh" | paste -sd' ')
[[ $all == *libgit2-dev* ]] || fail "the list of packages can't be read"
echo 0 > uid
echo 0 > failures

echo "$all" > installed
setup build
expect "exit code with nothing missing" "$code" 0
expect_stdout ""
expect "calls with nothing missing" "$(calls)" ""

echo "${all/libgit2-dev/}" | sed 's/ git / /' > installed
install='apt-get install -y -q --no-install-recommends git libgit2-dev frontend=noninteractive'
setup build
expect "exit code when it could be installed" "$code" 0
expect_stdout "setup: installing with apt-get: git libgit2-dev"
expect "calls" "$(calls)" "$install"

echo 1 > failures
setup build
expect "exit code after the second try" "$code" 0
expect "calls" "$(calls)" "$install"$'\n'"apt-get update -q frontend="$'\n'"$install"

echo 2 > failures
setup build
expect "exit code when apt-get fails" "$code" 1
expect_in_stderr "E: Unable to locate package"
expect_in_stderr "setup: apt-get could not install: git libgit2-dev"

# Not root.
echo 1000 > uid
echo 0 > failures
setup build
expect "exit code without root and sudo" "$code" 1
expect_in_stderr "please run: apt-get install git libgit2-dev"
expect "calls without root and sudo" "$(calls)" ""
stand_in sudo <<< 'echo "sudo" >> "$HERE/calls"; exec "$@"'
setup build
expect "exit code with sudo" "$code" 0
expect_stdout "setup: installing with sudo apt-get: git libgit2-dev"
expect "calls with sudo" "$(calls)" "sudo"$'\n'"$install"

# No Debian: what is there counts, what is not is named.
rm bin/apt-get bin/dpkg-query
stand_in git <<< 'exit 0'
stand_in make <<< 'exit 0'
stand_in gcc << 'END'
grep -q 'git2\.h' && exit 1
exit 0
END
setup build
expect "exit code elsewhere" "$code" 1
expect_in_stderr "setup: missing, by the names of Debian 12: libgit2-dev"
stand_in gcc <<< 'exit 0'
setup build
expect "exit code elsewhere with all there" "$code" 0
expect_stdout ""
exit 0
