#!/bin/bash
# deadline: 240
# flavour: release
# Gemini CLI itself, as npm has it, does the steps of a cycle (tests/agents.sh).
. "$SRC/tests/lib.sh"
. "$SRC/tests/agents.sh"

agent_begin gemini
agent_cycle
agent_drawn 0 || exit 0
agent_killed
exit 0
