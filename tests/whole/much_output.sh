#!/bin/bash
# flavour: release
# deadline: 300
# A worker that prints much: memory stays what it is for one that prints little, whatever reads its
# usage from that, in lines and without any; and the figure among it is found.
. "$SRC/tests/lib.sh"

each=$([[ ${SOAK:-} ]] && echo 200000000 || echo 6000000)
export HOME=$PWD BYTES
cat > much.sh << 'END'
# So many bytes of each of five, and at the end a figure for each of the meters.
some()
{
	[ "$BYTES" -eq 0 ] || "$@" | head -c "$BYTES"
	echo
}
one_line()
{
	printf '%s' "$1"
	tr '\0' 'a' < /dev/zero
}
some yes 'a line of what a worker prints'
some yes '{"type":"user","message":{"content":"text of a tool"},"tokens":5}'
some yes '{[{["a'
some one_line ''
some one_line '{"type":"user","message":{"content":"'
printf '{"tokens":7}\nTokens used: 7\n'
cat result
END
echo '{"type":"result","subtype":"success","session_id":"s","result":"","usage":{},
"modelUsage":{"m":{"inputTokens":7}},"model_usage_since_last_result":{"m":{"inputTokens":7}}}' |
	tr -d '\n' > result
printf '%s\n' 'title = "Much"' 'when_complete = "restart"' 'repository { commit = false }' \
	'budget { threshold = 95 on_unknown = "zero" }' > stepgate.conf
for meter in none claude codex gemini opencode auto jsonl 'regex:Tokens used: ([0-9]+)'; do
	cat << END
step "${meter%%:*}" {
    command = {"sh", "much.sh"}
    max_output = "1M"
$([[ $meter == none ]] || echo "    meter = \"$meter\"")
}
END
done >> stepgate.conf

peak() # BYTES: the most memory of a cycle, in KiB
{
	local wall cpu peak
	BYTES=$1
	read -r wall cpu peak < <(MEASURE_OUTPUT=$PWD/output "$BUILD/tools/measure" 1 "$STEPGATE" run)
	[[ ${peak:-} ]] || fail "$1: $(cat output)"
	echo "$peak"
}

least=$(peak 0) most=$(peak "$each")
echo "$least KiB where it prints little, $most where it prints $((each * 5)) bytes"
[[ $most -le $((least + 2048)) ]] || fail "memory grows with what is printed"
expect "cycles that complete all steps" "$(grep -c 'closed: All work completed' output)" 2
# Each finds the figure that is for it, also behind lines that are broken off.
expect "usages" "$(sqlite3 .stepgate/state.db \
	"select title || ' ' || ifnull(own, '?') from step where cycle = 2 order by step" | tr '\n' ' ')" \
	'none 0 claude 7 codex 0 gemini 0 opencode 0 auto 7 jsonl 7 regex 7 '
exit 0

