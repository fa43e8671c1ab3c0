#!/bin/sh
# status/monitor/fetch.sh FROM TO: what the page takes from npm, as FROM/package-lock.json pins it,
# goes into the folder TO. Where that can't be done the page is built without, which is no failure.
set -u
from=$1 to=$2

without()
{
	rm -f "$to"/uplot.*
	echo "monitor: built without its charts: $1 (to try again: rm $to/done)" >&2
	exit 0
}

command -v npm > /dev/null || without "there is no npm"
cp "$from/package.json" "$from/package-lock.json" "$to/" || exit 1
(cd "$to" && timeout 120 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) \
	> "$to/npm.log" 2>&1 < /dev/null || without "npm failed, see $to/npm.log"
cp "$to/node_modules/uplot/dist/uPlot.esm.js" "$to/uplot.js" &&
	cp "$to/node_modules/uplot/dist/uPlot.min.css" "$to/uplot.css" || without "uPlot is not as it was"
