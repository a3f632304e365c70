"""Meters for the tests of the Python module: recordings, and a UM34C that a thread of this process plays."""
import contextlib
import functools
import json
import operator
import os
import pathlib
import subprocess
import tempfile
import threading
import time
import tty

SOURCE = pathlib.Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory() as name:
        yield pathlib.Path(name)


def write_recording(file, seconds=60, hz=100, watts=lambda t_s: 5.0):
    """A trace of this power, for replay://."""
    rows = (f"{i * 1_000_000_000 // hz},,,{watts(i / hz)!r},,,\n" for i in range(int(seconds * hz) + 1))
    file.write_text("t_ns,volts_V,amps_A,power_W,energy_J,flags,mark\n" + "".join(rows))
    return f"replay://{file}"


def await_readings(monitor, more):
    enough = monitor.readings + more
    while monitor.readings < enough:
        time.sleep(0.001)


def integrated(trace):
    """The joules of each window of a trace, by `tbft integrate`."""
    done = subprocess.run([os.environ["TBFT_PROGRAM"], "integrate", trace, "--json"], check=True, capture_output=True,
                          text=True)
    return {window["name"]: window["gross_J"] for window in json.loads(done.stdout)["windows"]}


# Positions of a UM34C's answer whose bytes its check sum covers (power/protocol/rd_um_frame.cpp).
SUMMED = (1, 3, 7, 9, 15, 17, 19, 23, 31, 39, 41, 45, 49, 53, 55, 57,
          59, 63, 67, 69, 73, 79, 83, 89, 97, 99, 109, 111, 113, 119, 121, 127)


def um34c_answer(volts, amps):
    frame = bytearray(130)
    frame[0:2] = b"\x0d\x4c"
    frame[2:4] = round(volts / 1e-2).to_bytes(2, "big")
    frame[4:6] = round(amps / 1e-3).to_bytes(2, "big")
    frame[6:10] = round(volts * amps / 1e-3).to_bytes(4, "big")
    frame[11] = 25  # degrees C
    frame[129] = functools.reduce(operator.xor, (frame[i] for i in SUMMED))
    return bytes(frame)


class Um34c:
    """A UM34C on a pseudo-terminal, at a constant 5 V and 1 A. It answers in Python, so only while another thread may run."""

    def __enter__(self):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)
        self.answers = 0
        self.silent = False
        self.thread = threading.Thread(target=self.answer, daemon=True)
        self.thread.start()
        return self

    def answer(self):
        with contextlib.suppress(OSError):
            while request := os.read(self.master, 1):
                if request == b"\xf0" and not self.silent:
                    os.write(self.master, um34c_answer(5, 1))
                    self.answers += 1

    def __exit__(self, *_):
        self.silent = True
        os.write(self.slave, b"x")  # wakes the thread, which a close would not
        os.close(self.slave)
        self.thread.join(10)
        os.close(self.master)
