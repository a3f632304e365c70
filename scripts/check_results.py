"""Prints the skipped and the failed tests of a JUnit file with their reasons; fails on a failed test, and on a skip that is not
for ../shared, hardware or a newer libtorch. The failed ones stand last, where the end of a long log is all that is kept."""
import re
import sys
import xml.etree.ElementTree as ElementTree

ALLOWED = re.compile(r"\.\./shared|hardware|needs libtorch \d[\d.]* or newer")
LINES = 12


def why_skipped(output):
    for line in output.splitlines():
        if re.search(r"skipp|absent|needs", line, re.I) and ALLOWED.search(line):
            return line.strip()
    return None


def why_failed(output):
    """GoogleTest's first failures, or the end of what another test printed."""
    lines = [line for line in output.splitlines() if line.strip()]
    first = next((i for i, line in enumerate(lines) if line.endswith(": Failure")), max(0, len(lines) - LINES))
    return lines[first:first + LINES]


def main(path):
    cases = [(case, case.findtext("system-out") or "") for case in ElementTree.parse(path).iter("testcase")]
    bad = 0
    for case, output in cases:
        if case.find("skipped") is not None:
            reason = why_skipped(output)
            print(f"skipped: {case.get('name')}: {reason or 'no allowed reason: ' + output.strip()[-300:]}")
            bad += reason is None
    failed = [(case.get("name"), output) for case, output in cases if case.find("failure") is not None]
    for name, output in failed:
        print(f"failed: {name}", *why_failed(output), sep="\n  ")
    problems = [f"{len(failed)} failed tests"] * bool(failed) + [f"{bad} skips are not for ../shared, hardware or a newer libtorch"] * bool(bad)
    sys.exit("; ".join(problems) or 0)


main(sys.argv[1])
