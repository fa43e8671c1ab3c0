#!/bin/bash
# deadline: 240
# flavour: release
# Codex itself, as npm has it, does the steps of a cycle (tests/agents.sh).
. "$SRC/tests/lib.sh"
. "$SRC/tests/agents.sh"

agent_begin codex
agent_cycle
agent_killed
agent_limited
agent_fails_otherwise
agent_drives
exit 0
