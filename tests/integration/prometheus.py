"""Waits until a Prometheus has scraped a meter for 10 s, and compares the rate of its counter. Usage: prometheus.py PROMETHEUS_PORT
METRICS_PORT WATTS"""
import json
import sys
import time
import urllib.parse
import urllib.request

prometheus, meter, watts = sys.argv[1], sys.argv[2], float(sys.argv[3])


def query(text):
    """The value of the only series, or None."""
    url = f"http://127.0.0.1:{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': text})}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            result = json.load(answer)["data"]["result"]
    except OSError:
        return None
    assert len(result) <= 1, result
    return result[0] if result else None


deadline = time.monotonic() + 120
while True:
    scrapes = query("count_over_time(tbft_energy_joules_total[11s])")
    if scrapes and float(scrapes["value"][1]) >= 10:
        break
    assert time.monotonic() < deadline, "ten scrapes do not come"
    time.sleep(0.5)
# On a busy machine a scrape may take its time, which shifts the counter against its instant.
while True:
    rate = query("rate(tbft_energy_joules_total[10s])")
    print("rate", rate)
    if abs(float(rate["value"][1]) - watts) <= 0.01 * watts:
        break
    assert time.monotonic() < deadline, rate
    time.sleep(1)
labels = rate["metric"]
assert labels["scope"] == "board" and labels["measured"] == "0" and labels["meter"].startswith("replay://"), labels
power = query("tbft_power_watts")
assert float(power["value"][1]) == watts, power
assert query("tbft_valid")["value"][1] == "1" and query("tbft_gaps_total")["value"][1] == "0"
assert query("tbft_meter_info")["metric"]["description"], "no description"

# The stricter reader of Debian's python3-prometheus-client.
from prometheus_client.openmetrics.parser import text_string_to_metric_families
with urllib.request.urlopen(f"http://127.0.0.1:{meter}/metrics", timeout=10) as answer:
    families = {family.name: family for family in text_string_to_metric_families(answer.read().decode())}
assert families["tbft_energy_joules"].unit == "joules" and families["tbft_energy_joules"].type == "counter", families
assert families["tbft_meter"].type == "info" and families["tbft_power_watts"].type == "gauge"
