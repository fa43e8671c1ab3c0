#!/bin/bash
# deadline: 900
# soak: 20000
# flavour: release
# stepgate, its helper and all that they started are killed at once at a system call: see tests/faults/kill.sh.
. "$SRC/tests/faults/kill.sh"

kill_sweep 'everything' 10 4000 -o all
