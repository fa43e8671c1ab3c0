#!/bin/bash
# flavour: release
# The page's own code that needs no page: a worker's colours and escape sequences, and spans of time.
. "$SRC/tests/lib.sh"
command -v node > /dev/null || skip "no node"

cat > try.mjs << 'END'
import assert from "node:assert/strict";
// As much of a page as the code asks for.
globalThis.document = {
	createTextNode: (text) => ({ text }),
	createElement: () => ({ set textContent(text) { this.text = text; } }),
};
const { Ansi } = await import(process.env.WEB + "/ansi.js");
const words = await import(process.env.WEB + "/words.js");

// "[classes]text" for each node, of pieces fed one after another.
const seen = (...pieces) => {
	const ansi = new Ansi();
	return pieces.flatMap((piece) => ansi.feed(piece))
		.map((node) => (node.className ? `[${node.className}]` : "") + node.text).join("");
};
assert.equal(seen("plain\n"), "plain\n");
assert.equal(seen("\x1b[31mred\x1b[0m not"), "[a31]red not");
assert.equal(seen("\x1b[1;32mboth\x1b[22mless\x1b[mnone"), "[a1 a32]both[a32]lessnone");
assert.equal(seen("\x1b[3", "1mred"), "[a31]red"); // cut between two pieces
assert.equal(seen("\x1b", "]0;title\x07text"), "text");
assert.equal(seen("\x1b[38;5;196mfancy\x1b[48;2;1;2;3mfancier"), "fancyfancier");
assert.equal(seen("\x1b[31m\x1b[39mno more"), "no more");
// All that is no colour is left out.
assert.equal(seen("a\x1b[2Jb\x1b[Hc\x1b[?1049hd"), "abcd");
assert.equal(seen("a\x1b]8;;http://evil.example\x07link\x1b]8;;\x07b"), "alinkb");
assert.equal(seen("a\x1bP+q544e\x1b\\b\x1b(0c"), "abc");
assert.equal(seen("a\0\x07\x08\x7f\x9bb\u202ec"), "abc");
assert.equal(seen("one\r\ntwo\rthree"), "one\ntwo\nthree");
assert.equal(seen("<script>alert(1)</script>"), "<script>alert(1)</script>"); // text, and no more
// A sequence without an end does not take the rest with it for ever.
assert.ok(seen("\x1b]" + "x".repeat(10000)).includes("xxx"));
assert.equal(seen("\x1b[31é"), "[31é");

assert.equal(words.span(7400), "7 s");
assert.equal(words.span(200000), "3 min 20 s");
assert.equal(words.span(7500000), "2 h 5 min");
assert.equal(words.span(97200000), "1 d 3 h");
assert.equal(words.span(-5), "0 s");
assert.equal(words.span(null), "");
assert.equal(words.tokens(1234567), "1,234,567");
assert.equal(words.tokens(null), "unknown");
assert.equal(words.percent(6), "6.0%");
assert.equal(words.life("cut off"), "not running");
assert.equal(words.life("running"), "running");
assert.equal(words.times("host vm, pid 7, since 2026-11-24T23:04:03.123456Z, cycle 1"),
	`host vm, pid 7, since ${words.date("2026-11-24T23:04:03Z")}:03, cycle 1`);
assert.equal(words.times(null), undefined);
END
run env WEB="$SRC/status/monitor/web" node try.mjs
[[ $code -eq 0 ]] || fail "the page's code"

# Neither code nor style in the markup, and nothing from elsewhere: the page's own policy forbids it.
cd "$SRC/status/monitor/web" || exit 1
! grep -nE '<script>|<style|style=|onclick=|javascript:' ./*.html || fail "code or style in the markup"
! grep -nE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function' ./*.js ||
	fail "markup made from text"
! grep -nE 'https?://' ./*.js ./*.css ./*.html || fail "an address elsewhere"
# The lock files pin what they name, and name nobody's registry.
for lock in "$SRC"/status/monitor/web/package-lock.json "$SRC"/tests/browser/package-lock.json; do
	expect "packages without a hash in $lock" "$(jq -r '.packages | to_entries[] |
		select(.key != "" and (.value.integrity | not)) | .key' "$lock")" ""
	! grep -n '"resolved"' "$lock" || fail "a registry is named"
done
exit 0
