#!/bin/bash
# deadline: 480
# flavour: release
# OpenCode itself, as npm has it, does the steps of a cycle (tests/agents.sh).
. "$SRC/tests/lib.sh"
. "$SRC/tests/agents.sh"

agent_begin opencode
agent_cycle
if agent_drawn 3; then
	agent_killed
fi
if agent_drawn 4; then
	agent_limited
fi
if agent_drawn 5; then
	agent_drives
fi
exit 0
