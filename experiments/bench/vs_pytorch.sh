#!/bin/sh
# Compares the published scripts (on Debian's python3-torch) with tbft, in turns on this machine: wall time, and processor time of one
# pinned thread. Prints ratios, baseline / tbft, with their spread. Exits with 1 where a target is missed, with 2 on an error, and
# with 77 and a reason if the baseline or python3-torch is missing. Ctrl-C prints the complete rounds.
#   vs_pytorch.sh [--build build/release] [--baseline FILE] [--rounds 7] [--only KEY,KEY]
#     [--clock wall|processor] [--instructions] [--json]
#   vs_pytorch.sh --family all|NAME,NAME [--steps 7] ...
#                                              steps of the other families, against stock Python at its best. Exits with 1 if
#                                              tbft is slower somewhere, or if a block saves no time against full.
exec /usr/bin/python3 "$(dirname "$0")/vs_pytorch.py" "$@"
