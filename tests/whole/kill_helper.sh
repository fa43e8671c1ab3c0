#!/bin/bash
# deadline: 900
# soak: 22000
# flavour: release
# The commit helper is killed at a system call: see tests/faults/kill.sh.
. "$SRC/tests/faults/kill.sh"

kill_sweep 'the helper' 15 0 -p stepgate-git
