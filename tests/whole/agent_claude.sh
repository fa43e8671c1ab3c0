#!/bin/bash
# deadline: 240
# flavour: release
# Claude Code itself, as npm has it, does the steps of a cycle (tests/agents.sh).
. "$SRC/tests/lib.sh"
. "$SRC/tests/agents.sh"

agent_begin claude
agent_cycle
agent_killed
agent_limited
agent_fails_otherwise
agent_fails refuse refused
agent_fails "write $PWD/one" turn_limit 'arguments = {"--max-turns", "1"}'
agent_drives
exit 0
