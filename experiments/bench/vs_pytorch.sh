#!/bin/sh
# What a user of the published scripts runs today (Debian's python3-torch) against tbft, in turns on this machine: ratios of
# times, baseline / tbft, with their spread. Exit 77 and a reason where the baseline or python3-torch is absent.
#   vs_pytorch.sh [--build build/release] [--baseline FILE] [--rounds 7] [--only KEY,KEY] [--json]
exec /usr/bin/python3 "$(dirname "$0")/vs_pytorch.py" "$@"
