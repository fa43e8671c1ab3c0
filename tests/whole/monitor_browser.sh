#!/bin/bash
# deadline: 240
# flavour: release
# The monitor's page in Debian's Chromium, over a real cycle (tests/browser/monitor.mjs). Pictures of
# it go to the folder that PICTURES names: make check gives it none.
. "$SRC/tests/lib.sh"
. "$SRC/tests/monitor.sh"

chromium=$(command -v chromium) || skip "no chromium"
command -v node > /dev/null || skip "no node"
playwright=$(dirname "$BUILD")/browser/node_modules/playwright-core
[[ -e $playwright/index.mjs ]] || skip "no playwright-core: $(dirname "$BUILD")/browser/npm.log may say why"
timeout 60 node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
	skip "playwright-core needs node 20"
trap monitor_stop EXIT

make_repository r
make_three_steps r 'Nightly <b>refactor</b>' 30000 70000 1000
echo 'budget { tokens = 210000 }' >> r/stepgate.conf
git -C r add -A && git -C r commit -q -m Config && git -C r push -q || fail "can't commit"

monitor_start r/stepgate.conf
run env PLAYWRIGHT="$playwright" CHROMIUM="$chromium" URL="$url/?token=$token" PLACE="$PWD" \
	PICTURES="${PICTURES:-}" SOAK="${SOAK:-}" timeout 200 node "$SRC/tests/browser/monitor.mjs"
[[ $code -eq 0 ]] || fail "in the browser"
grep 'after SIGKILL' "$out"
exit 0
