"""Prints the skipped tests of a JUnit file with their reasons; fails on a skip that is not for ../shared, hardware or a newer libtorch."""
import re
import sys
import xml.etree.ElementTree as ElementTree

ALLOWED = re.compile(r"\.\./shared|hardware|needs libtorch \d[\d.]* or newer")
bad = 0
for case in ElementTree.parse(sys.argv[1]).iter("testcase"):
    if case.find("skipped") is None:
        continue
    output = case.findtext("system-out") or ""
    reason = next((line.strip() for line in output.splitlines() if re.search(r"skipp|absent|needs", line, re.I) and ALLOWED.search(line)), "")
    print(f"skipped: {case.get('name')}: {reason or 'no allowed reason: ' + output.strip()[-300:]}")
    bad += not reason
sys.exit(f"{bad} skips are not for ../shared, hardware or a newer libtorch" if bad else 0)
