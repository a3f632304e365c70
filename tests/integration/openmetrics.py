"""A client that asks `serve-meter --openmetrics` for what it should not. Usage: openmetrics.py PORT"""
import http.client
import socket
import sys
import time

PORT = int(sys.argv[1])


def ask(method, path, **more):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    connection.request(method, path, **more)
    answer = connection.getresponse()
    return answer.status, answer.getheader("Content-Type"), answer.read().decode()


def raw(data, then_close=False):
    """What the server says to these bytes until it closes."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=60) as peer:
        try:
            peer.sendall(data)
            if then_close:
                peer.shutdown(socket.SHUT_WR)
            answer = b""
            while part := peer.recv(65536):
                answer += part
            return answer
        except OSError:  # it has closed
            return b""


def values():
    status, kind, text = ask("GET", "/metrics")
    assert status == 200 and kind == "application/openmetrics-text; version=1.0.0; charset=utf-8", (status, kind)
    assert text.endswith("# EOF\n"), text[-50:]
    return {line.split("{")[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}


first = values()
time.sleep(1.5)
later = values()
assert later["tbft_energy_joules_total"] > first["tbft_energy_joules_total"] + 2, (first, later)
assert later["tbft_power_watts"] == 5 and later["tbft_valid"] == 1 and later["tbft_gaps_total"] == 0, later

# Two requests on one connection.
connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
for _ in range(2):
    connection.request("GET", "/metrics?x=1")
    answer = connection.getresponse()
    assert answer.status == 200 and answer.read().endswith(b"# EOF\n")
connection.close()

assert ask("HEAD", "/metrics")[::2] == (200, "")
assert ask("GET", "/")[0] == 404 and ask("GET", "/metricsx")[0] == 404
assert ask("POST", "/metrics")[0] == 405 and ask("DELETE", "/metrics")[0] == 405

# What is too long, malformed or has a body: no answer but a closed connection.
for hostile in (b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" * 50, b"GET\r\n\r\n",
                b"GET " + b"/" * 100_000, b"GET /metrics HTTP/9.9\r\n\r\n",
                b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 10_000,
                b"GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n"):
    answer = raw(hostile, then_close=True)
    assert b" 200 " not in answer, (hostile[:40], answer[:200])

# Connections that say nothing are ended, and meanwhile others wait for at most that long.
silent = [socket.create_connection(("127.0.0.1", PORT)) for _ in range(40)]
begun = time.monotonic()
while True:
    try:
        assert values()["tbft_valid"] == 1
        break
    except (OSError, http.client.HTTPException):
        assert time.monotonic() - begun < 60, "silent connections keep others out"
        time.sleep(0.2)
for peer in silent:
    peer.close()
assert values()["tbft_gaps_total"] == 0
print("ok")
