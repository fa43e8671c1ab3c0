#!/bin/bash
# deadline: 240
# flavour: release
# Gemini CLI itself, as npm has it, does the steps of a cycle (tests/agents.sh).
. "$SRC/tests/lib.sh"
. "$SRC/tests/agents.sh"

timeout 60 node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
	skip "Gemini CLI needs node 20"
agent_begin gemini
agent_cycle
if agent_drawn 0; then
	agent_killed
	agent_fails_otherwise
fi
if agent_drawn 1; then
	agent_limited
fi
if agent_drawn 2; then
	agent_drives
fi
exit 0
