#!/bin/bash
# A plugin that does a step: fails where a file of the repository has a line longer than `most` bytes.
read -r call
most=$(sed -n 's/.*"most":"\([0-9]*\)".*/\1/p' <<< "$call")

say() # LINE
{
	printf '%s\n' "$1" >&"$STEPGATE_PLUGIN_FD"
}

say '{"type": "progress", "text": "looking for long lines"}'
if found=$(git grep -IlE ".{$((${most:-100} + 1))}"); then
	say "{\"type\": \"result\", \"ok\": false, \"text\": \"long lines in $(wc -l <<< "$found") files\"}"
	echo "$found"
else
	say '{"type": "result", "ok": true}'
fi
