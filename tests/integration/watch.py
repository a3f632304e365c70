"""`tbft watch` on a terminal of 80 columns, with keys. Usage: watch.py TBFT METER ENDING, where ENDING is q, ctrl-c or TERM"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

tbft, meter, ending = sys.argv[1:4]
keyboard, screen = pty.openpty()
fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
before = termios.tcgetattr(screen)
assert before[3] & termios.ICANON and before[3] & termios.ECHO
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(screen, termios.TIOCSCTTY, 0)
    for file in range(3):
        os.dup2(screen, file)
    os.environ.update(LC_ALL="C.UTF-8", TERM="xterm")
    os.execv(tbft, [tbft, "watch", "-m", meter])

shown = b""


def read_until(holds, what):
    """Reads what the program shows until holds(shown)."""
    global shown
    deadline = time.monotonic() + 60
    while not holds(shown):
        assert time.monotonic() < deadline, (what, shown[-500:])
        if select.select([keyboard], [], [], 0.5)[0]:
            try:
                shown += os.read(keyboard, 65536)
            except OSError:
                assert holds(shown), (what, shown[-500:])


read_until(lambda text: text.count(b"\r\x1b[K") > 12, "the line is drawn")
raw = termios.tcgetattr(screen)
assert not raw[3] & termios.ICANON and not raw[3] & termios.ECHO, "keys wait for Enter"
os.write(keyboard, b" ")
read_until(lambda text: b"lap 1 " in text, "a lap")
laps = shown.count(b"\r\x1b[K")
read_until(lambda text: text.count(b"\r\x1b[K") > laps + 5, "it goes on")
if ending == "TERM":
    os.kill(child, signal.SIGTERM)
else:
    os.write(keyboard, b"q" if ending == "q" else b"\x03")
read_until(lambda text: b"gross " in text and b"meter " in text, "the total")
_, status = os.waitpid(child, 0)
after = termios.tcgetattr(screen)
os.close(screen)
read_until(lambda text: True, "")
assert after == before, "the terminal is not as before"
assert os.waitstatus_to_exitcode(status) == 0, (status, shown[-800:])

text = shown.decode()
drawn = [part.split("\r")[0].split("\n")[0] for part in text.split("\r\x1b[K")[1:]]
drawn = [part for part in drawn if " in " in part and "|" in part]
assert drawn and all(len(part) <= 79 for part in drawn), max(drawn, key=len)
assert re.match(r"5 W +[▁▂▃▄▅▆▇█ ]+ to 5 W \| [\d.]+ J in \d+\.\d s", drawn[-1]), drawn[-1]
assert "lap 2: " in drawn[-1] and "\x1b[1m" not in text and "\x1b[3" not in text, drawn[-1]
lap = re.search(r"lap 1 +([\d.]+) J \+- .*?,\s+([\d.]+)\s+s,\s+([\d.]+)\s+W", text, re.S)
assert lap and abs(float(lap[1]) - 5 * float(lap[2])) < 0.05 * float(lap[1]), text[-800:]
gross = re.search(r"gross +([\d.]+) J \+- ", text)
duration = re.search(r"duration +([\d.]+) s", text)
assert abs(float(gross[1]) - 5 * float(duration[1])) < 0.02 * float(gross[1]), text[-800:]
assert re.search(r"lap 2 +[\d.]+ J", text), "the last lap"
