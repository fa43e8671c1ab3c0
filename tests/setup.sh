#!/bin/bash
# tests/setup.sh GROUP...: sees to it that what the groups need is installed. On Debian what is
# missing is installed with apt-get, as root or through sudo; elsewhere it is named, and that is all.
set -u

# group, package of Debian 12, what shows that it is there
needs='
build gcc             program gcc
build libc6-dev       header  stdlib.h
build make            program make
build git             program git
build libconfuse-dev  header  confuse.h
build libcjson-dev    header  cjson/cJSON.h
build libsqlite3-dev  header  sqlite3.h
build libpcre2-dev    header  pcre2.h
build libgit2-dev     header  git2.h
build libcurl4-openssl-dev header curl/curl.h
build libssl-dev      header  openssl/hmac.h
build zlib1g-dev      header  zlib.h
build libdeflate-dev  header  libdeflate.h
web   libmicrohttpd-dev header microhttpd.h
web   libncurses-dev  header  ncurses.h
check check           header  check.h
check spin            program spin
check jq              program jq
check curl            program curl
check tmux            program tmux
check sqlite3         program sqlite3
check clang-14        program clang-14
check procps          program ps
check e2fsprogs       program mkfs.ext4
check xfsprogs        program xfs_io
check faketime        program faketime
check strace          program strace
check g++             program g++
check pkg-config      program pkg-config
check python3-jsonschema python jsonschema
check python3-prometheus-client python prometheus_client
check python3         program python3
check openssl         program openssl
browser chromium      program chromium
browser nodejs        program node
browser npm           program npm
check git-lfs         program git-lfs
check gnupg           program gpg
check gpgsm           program gpgsm
check openssh-client  program ssh-keygen
check openssh-server  file    /usr/sbin/sshd
check lighttpd        file    /usr/sbin/lighttpd
lint  clang-format-14 program clang-format-14
lint  clang-tidy-14   program clang-tidy-14
lint  cppcheck        program cppcheck
fuzz  clang-14        program clang-14
fuzz  patch           program patch
fuzz  libclang-rt-14-dev file /usr/lib/llvm-14/lib/clang/14*/lib/linux/libclang_rt.fuzzer-*.a
'

is_there() # KIND THING
{
	case $1 in
	program) command -v "$2" > /dev/null ;;
	header) printf '#include <%s>\n' "$2" | "${CC:-gcc}" -E - > /dev/null 2>&1 ;;
	python) /usr/bin/python3 -c "import $2" > /dev/null 2>&1 ;;
	file) compgen -G "$2" > /dev/null ;;
	esac
}

wanted()
{
	local group package kind thing
	while read -r group package kind thing; do
		[[ $group && " $* " == *" $group "* ]] && echo "$package $kind $thing"
	done <<< "$needs"
}

# dpkg answers for all at once, in a few milliseconds; the slow look is for what it doesn't know.
installed=$'\n'
if command -v dpkg-query > /dev/null; then
	installed+=$(wanted "$@" | cut -d' ' -f1 | xargs dpkg-query -W \
		-f '${db:Status-Status} ${binary:Package}\n' 2> /dev/null |
		sed -n 's/^installed \([^:]*\).*/\1/p')$'\n'
fi
missing=()
while read -r package kind thing; do
	[[ $package && $installed != *$'\n'$package$'\n'* ]] || continue
	is_there "$kind" "$thing" || missing+=("$package")
done <<< "$(wanted "$@")"
[[ ${#missing[@]} -eq 0 ]] && exit 0

if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null; then
	echo "setup: missing, by the names of Debian 12: ${missing[*]}" >&2
	echo "setup: this is no Debian: please install them, then try again" >&2
	exit 1
fi
as_root=()
if [[ $(id -u) -ne 0 ]]; then
	if ! command -v sudo > /dev/null; then
		echo "setup: missing: ${missing[*]}" >&2
		echo "setup: neither root nor sudo: please run: apt-get install ${missing[*]}" >&2
		exit 1
	fi
	as_root=(sudo)
fi

install_missing()
{
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
		--no-install-recommends "${missing[@]}" > "$log" 2>&1
}

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
echo "setup: installing with ${as_root[*]:+sudo }apt-get: ${missing[*]}"
if ! install_missing; then
	echo "setup: that failed: fetching the lists of packages with apt-get update, then once more"
	if ! "${as_root[@]}" apt-get update -q > "$log" 2>&1 || ! install_missing; then
		cat "$log" >&2
		echo "setup: apt-get could not install: ${missing[*]}" >&2
		exit 1
	fi
fi
