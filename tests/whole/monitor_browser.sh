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
cat > r/worker.sh << 'END'
#!/bin/sh
# worker.sh NAME TOKENS: prints, counts, and goes on once the file go.NAME is there.
printf '\033[32m%s\033[0m <script>window.pwned = 1</script><img src=x onerror=alert(1)>\033]0;title\007\n' "$1"
echo "{\"tokens\": $2}" >&$STEPGATE_USAGE_FD
until [ -e "$PLACE/go.$1" ]; do sleep 0.05; done
echo "$1" > "$1.txt"
END
chmod +x r/worker.sh
write_config r/stepgate.conf << END
title = "Nightly <b>refactor</b>"
environment = {"PLACE=$PWD"}
step "First" {
    command = {"./worker.sh", "first", "30000"}
}
step "Second" {
    command = {"./worker.sh", "second", "70000"}
}
step "Third" {
    command = {"./worker.sh", "third", "1000"}
}
END
git -C r add -A && git -C r commit -q -m Config && git -C r push -q || fail "can't commit"

monitor_start r/stepgate.conf
run env PLAYWRIGHT="$playwright" CHROMIUM="$chromium" URL="$url/?token=$token" PLACE="$PWD" \
	PICTURES="${PICTURES:-}" SOAK="${SOAK:-}" timeout 200 node "$SRC/tests/browser/monitor.mjs"
[[ $code -eq 0 ]] || fail "in the browser"
grep 'after SIGKILL' "$out"
exit 0
