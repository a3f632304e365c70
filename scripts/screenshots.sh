#!/usr/bin/env bash
# Makes docs/screenshots/: the pages of the reference results in Chromium, on a desktop and on a phone, light and dark. Usage:
# scripts/screenshots.sh [TBFT]; needs gnuplot and `scripts/bootstrap.sh full`.
set -euo pipefail
cd "$(dirname "$0")/.."
tbft=$(realpath "${1:-build/release/harness/tbft}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd results/reference
"$tbft" report cifar10-c-like cifar10-pairs cifar-flip --format html -o "$work/report.html"
"$tbft" compare cifar-flip families/mobilenetv2-flip --format html -o "$work/compare.html"
cd ../..
mkdir -p docs/screenshots
/usr/bin/python3 tests/browser/screenshots.py docs/screenshots "$work"/{report.html,report.html#figures,compare.html}
du -sh docs/screenshots
