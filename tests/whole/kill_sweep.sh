#!/bin/bash
# deadline: 900
# soak: 9000
# flavour: release
# stepgate is killed at a system call: see tests/faults/kill.sh.
. "$SRC/tests/faults/kill.sh"

kill_sweep 'stepgate' 30 0 -m
