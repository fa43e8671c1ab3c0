#!/bin/bash
# tests/promtool.sh FOLDER: puts promtool, of Debian's package prometheus, into FOLDER. The package is
# unpacked and not installed, which would start a server. Where it can't be had it says so.
set -u

folder=$(mkdir -p "$1" && realpath "$1") || exit 2
command -v promtool > /dev/null && exit 0
place=$(mktemp -d "${TMPDIR:-/tmp}/stepgate-promtool.XXXXXX") || exit 2
trap 'rm -rf "$place"' EXIT
# apt leaves a folder of root's to its own user only where that one may enter it.
chmod 755 "$place"
cd "$place" && apt-get -qq download prometheus > /dev/null 2>&1 && dpkg-deb -x prometheus_*.deb . &&
	mv usr/bin/promtool "$folder/" ||
	echo 'check: promtool (Debian package prometheus) can'\''t be had: the metrics are read by another parser alone' >&2
exit 0
