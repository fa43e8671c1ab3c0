#!/bin/sh
# status/monitor/fetch.sh FROM TO: what FROM/package-lock.json pins goes into TO/node_modules, by npm;
# uPlot also as TO/uplot.js and .css. Where that can't be done the rest is built without, which is no
# failure.
set -u
from=$1 to=$2

without()
{
	rm -rf "$to"/uplot.* "$to/node_modules"
	echo "npm: nothing for $from: $1 (to try again: rm $to/done)" >&2
	exit 0
}

command -v npm > /dev/null || without "there is no npm"
cp "$from/package.json" "$from/package-lock.json" "$to/" || exit 1
(cd "$to" && timeout 120 npm ci --ignore-scripts --no-audit --no-fund \
	--fetch-retries=1 --loglevel=error) \
	> "$to/npm.log" 2>&1 < /dev/null || without "npm failed, see $to/npm.log"
plot=$to/node_modules/uplot/dist
[ ! -d "$plot" ] && exit 0
cp "$plot/uPlot.esm.js" "$to/uplot.js" && cp "$plot/uPlot.min.css" "$to/uplot.css" ||
	without "uPlot is not as it was"
