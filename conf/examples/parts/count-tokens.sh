#!/bin/bash
# A plugin that is a meter: sums the numbers of lines that begin with the option `before`.
read -r call
output=$(sed -n 's/.*"output":"\([^"]*\)".*/\1/p' <<< "$call")
before=$(sed -n 's/.*"before":"\([^"]*\)".*/\1/p' <<< "$call")

awk -v before="$before" 'index($0, before) == 1 { sum += substr($0, length(before) + 1) }
	END { printf "{\"type\":\"usage\",\"tokens\":%d}\n", sum }' "$output" >&"$STEPGATE_PLUGIN_FD"
