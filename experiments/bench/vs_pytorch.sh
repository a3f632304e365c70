#!/bin/sh
# Compares the published scripts (on Debian's python3-torch) with tbft, in turns on this machine. Prints ratios of times,
# baseline / tbft, with their spread. Exits with 77 and a reason if the baseline or python3-torch is missing.
#   vs_pytorch.sh [--build build/release] [--baseline FILE] [--rounds 7] [--only KEY,KEY] [--json]
exec /usr/bin/python3 "$(dirname "$0")/vs_pytorch.py" "$@"
