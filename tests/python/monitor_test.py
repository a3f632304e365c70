"""Windows, energies, errors of the Python module."""
import inspect
import math
import os
import subprocess
import sys
import time
import unittest

import support
import tbft


class Monitor(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(support.folder())
        self.meter = support.write_recording(self.folder / "5W.csv")

    def monitor(self, uri=None, **options):
        return self.enterContext(tbft.Monitor(uri or self.meter, **options))

    def test_a_window_has_joules(self):
        monitor = self.monitor()
        with monitor.window("train") as window:
            support.await_readings(monitor, 10)
        energy = window.energy
        self.assertTrue(energy.valid, energy.reason)
        self.assertEqual(energy.reason, "")
        self.assertGreater(energy.seconds, 0.05)
        self.assertAlmostEqual(energy.joules, 5 * energy.seconds, delta=1e-9)
        self.assertAlmostEqual(energy.watts, 5, delta=1e-9)
        self.assertTrue(math.isnan(energy.U), "a replay without accuracy has no uncertainty")
        self.assertFalse(energy.measured)
        self.assertIn("not a measurement", str(energy))
        self.assertEqual(window.energy.joules, energy.joules)
        self.assertEqual(monitor.energy("train").joules, energy.joules)

    def test_windows_of_a_name_add_up_and_nest(self):
        monitor = self.monitor()
        parts = []
        with monitor.window("all") as whole:
            for _ in range(3):
                with monitor.window("part") as part:
                    support.await_readings(monitor, 3)
                parts.append(part)
        self.assertAlmostEqual(monitor.energy("part").joules, sum(part.energy.joules for part in parts), delta=1e-9)
        self.assertGreater(whole.energy.joules, monitor.energy("part").joules)
        monitor.forget("part")
        with self.assertRaisesRegex(ValueError, "never closed, or was forgotten"):
            monitor.energy("part")

    def test_a_forgotten_window_has_no_energy_of_another(self):
        monitor = self.monitor()
        windows = []
        for readings in (3, 6, 9, 12):
            with monitor.window("p") as window:
                support.await_readings(monitor, readings)
            windows.append(window)
            if len(windows) == 2:
                known = windows[0].energy.joules
                monitor.forget("p")
        self.assertEqual(windows[0].energy.joules, known, "it was read before")
        with self.assertRaisesRegex(ValueError, "window `p` was forgotten"):
            windows[1].energy
        for window in windows[2:]:
            self.assertAlmostEqual(window.energy.joules, 5 * window.energy.seconds, delta=1e-9)
        self.assertAlmostEqual(monitor.energy("p").joules, sum(window.energy.joules for window in windows[2:]), delta=1e-9)

    def test_an_instant_replay_has_energies_once_the_outermost_window_has_closed(self):
        monitor = self.monitor(self.meter + "?speed=instant")
        with monitor.window("whole") as whole:
            with monitor.window("part") as part:
                time.sleep(0.001)
            self.assertIn("only once the outermost window has closed", part.energy.reason)
        self.assertAlmostEqual(whole.energy.joules, 5 * 60, delta=1e-6)
        self.assertTrue(part.energy.valid, part.energy.reason)
        self.assertGreater(part.energy.joules, 0)

    def test_a_window_without_readings_has_a_reason(self):
        monitor = self.monitor(support.write_recording(self.folder / "short.csv", seconds=0.1))
        with monitor.window("first"):
            while monitor.readings < 11:  # all that there are
                time.sleep(0.001)
        with monitor.window("empty") as window:
            pass
        self.assertFalse(window.energy.valid)
        self.assertIn("no reading inside", window.energy.reason)
        self.assertTrue(math.isnan(window.energy.joules), "unknown is not 0")

    def test_an_exception_cancels_its_window(self):
        monitor = self.monitor(trace=self.folder / "trace.csv")
        with self.assertRaisesRegex(KeyError, "gone"):
            with monitor.window("train") as window:
                raise KeyError("gone")
        self.assertFalse(window.energy.valid)
        self.assertIn("cancelled", window.energy.reason)
        with self.assertRaisesRegex(ValueError, "use another name"):
            monitor.window("train")

    def test_net_is_gross_without_idle(self):
        monitor = self.monitor(support.write_recording(self.folder / "steps.csv", watts=lambda t_s: 5.0 if t_s > 0.2 else 2.0))
        energies = []
        for name, readings in (("before", 15), ("pause", 15), ("work", 20), ("after", 5)):
            with monitor.window(name) as window:
                support.await_readings(monitor, readings)
            energies.append(window.energy)
        before, _, work, after = energies
        net = work.net(before, after)
        self.assertAlmostEqual(net.idle_watts, (before.watts + after.watts) / 2, delta=1e-9)
        self.assertAlmostEqual(net.joules, work.joules - net.idle_watts * work.seconds, delta=1e-9)
        self.assertGreater(net.idle_drift_watts, 2)
        self.assertEqual((net.valid, net.reason, net.measured), (True, "", False))
        self.assertRegex(str(net), r"\A[-0-9.]+ J beyond idle, idle [0-9.]+ W, not a measurement\Z")
        self.assertEqual(repr(net), f"<tbft.NetEnergy: {net}>")

    def test_net_has_the_reason_of_its_windows(self):
        monitor = self.monitor()
        with monitor.window("good") as window:
            support.await_readings(monitor, 5)
        good = window.energy
        with monitor.window("bad") as window:
            window.cancel()
        bad = window.energy
        for energies, reason in (((bad, bad, good), bad.reason), ((good, bad, good), f"the idle window before: {bad.reason}"),
                                 ((good, good, bad), f"the idle window after: {bad.reason}")):
            gross, before, after = energies
            net = gross.net(before, after)
            self.assertEqual((net.valid, net.reason), (False, reason))
            self.assertTrue(math.isnan(net.joules))
            self.assertEqual(str(net), f"no energy beyond idle: {reason}")

    def test_snapshots_give_the_joules_between_them(self):
        monitor = self.monitor()
        with monitor.window("first"):  # the replay begins
            pass
        begin = monitor.snapshot()
        support.await_readings(monitor, 5)
        energy = monitor.between(begin, monitor.snapshot())
        self.assertTrue(energy.valid, energy.reason)
        self.assertAlmostEqual(energy.joules, 5 * energy.seconds, delta=1e-9)

    def test_a_closed_monitor_keeps_its_energies(self):
        with tbft.Monitor(self.meter) as monitor:
            with monitor.window("train") as window:
                support.await_readings(monitor, 5)
            known = window.energy.joules
        monitor.close()
        self.assertEqual(monitor.watts, 5)
        self.assertEqual(monitor.lost_in_trace, 0)
        self.assertEqual(monitor.energy("train").joules, known)
        with self.assertRaisesRegex(ValueError, "the monitor is closed"):
            monitor.window("again")


class Errors(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(support.folder())
        self.meter = support.write_recording(self.folder / "5W.csv")

    def test_types(self):
        self.assertTrue(issubclass(tbft.NoMeter, tbft.Error) and issubclass(tbft.Error, RuntimeError))

    def test_no_meter_says_what_to_do(self):
        with self.assertRaisesRegex(tbft.NoMeter, "/dev/nowhere"):
            tbft.Monitor("um34c:///dev/nowhere")
        try:
            tbft.Monitor("auto").close()
        except tbft.NoMeter as error:
            self.assertRegex(str(error), "estimate://|choose one")
            self.assertNotRegex(str(error), "-m |tbft doctor", "the program's options are no help here")
        else:
            self.assertIn("ready", [meter.state for meter in tbft.meters()])

    def test_wrong_usage(self):
        for uri, message in (("ina219", "://"), ("nothing://", "no meter is called `nothing`"), ("estimate://?x=1", "x")):
            with self.assertRaisesRegex(ValueError, message):
                tbft.Monitor(uri)
        with self.assertRaisesRegex(ValueError, "100 us to 1 h"):
            tbft.Monitor(self.meter, interval=1e-9)
        with tbft.Monitor(self.meter) as monitor:
            with self.assertRaisesRegex(ValueError, "without comma"):
                monitor.window("a,b")
            with monitor.window("a") as window:
                with self.assertRaisesRegex(ValueError, "open already"):
                    monitor.window("a")
                with self.assertRaisesRegex(ValueError, "its energy is known once it has ended"):
                    window.energy
            with self.assertRaisesRegex(ValueError, "was never closed"):
                monitor.energy("b")

    def test_traces(self):
        trace = self.folder / "trace.csv"
        with tbft.Monitor(self.meter, trace=trace) as monitor, monitor.window("a"):
            pass
        first = trace.read_bytes()
        with self.assertRaisesRegex(ValueError, "append=True"):
            tbft.Monitor(self.meter, trace=trace)
        self.assertEqual(trace.read_bytes(), first)
        with tbft.Monitor(self.meter, trace=str(trace), append=True) as monitor, monitor.window("b"):
            pass
        self.assertTrue(trace.read_bytes().startswith(first))
        self.assertIn(b"+b", trace.read_bytes()[len(first):])
        with self.assertRaisesRegex(tbft.Error, "nowhere"):
            tbft.Monitor(self.meter, trace=self.folder / "nowhere" / "trace.csv")
        with self.assertRaises(tbft.NoMeter):
            tbft.Monitor("um34c:///dev/nowhere", trace=self.folder / "none.csv")
        self.assertFalse((self.folder / "none.csv").exists())

    def test_paths_that_are_not_utf8(self):
        strange = os.fsdecode(b"\xff")
        with self.assertRaisesRegex(tbft.Error, r"nowhere.\\xff"):
            tbft.Monitor(self.meter, trace=self.folder / "nowhere" / strange)
        with self.assertRaisesRegex(tbft.Error, "give the directory of a run"):
            tbft.read_run(self.folder / strange)
        with tbft.Monitor(self.meter, trace=self.folder / strange) as monitor, monitor.window("a"):
            pass
        with self.assertRaisesRegex(ValueError, r"trace .*\\xff exists"):
            tbft.Monitor(self.meter, trace=self.folder / strange)
        for call in (lambda: tbft.Monitor(f"replay:///{strange}"), lambda: monitor.energy(strange),
                     lambda: monitor.forget(strange), lambda: monitor.window(strange)):
            with self.assertRaisesRegex(ValueError, r"\A'.*\\udcff': is not UTF-8\Z"):
                call()

    def test_joules_outlive_a_full_disk(self):
        # A limit of the file's size stands for the disk; in a process of its own, which it would restrict for good.
        program = f"""
import resource, support, tbft
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    with tbft.Monitor({self.meter!r}, trace={str(self.folder / "trace.csv")!r}) as monitor:
        with monitor.window("work") as window:
            support.await_readings(monitor, 120)
except tbft.Error as error:
    print(error)
print(window.energy.valid)
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, r"\A.*trace\.csv.*\nTrue\n\Z")


class Module(unittest.TestCase):
    def test_everything_public_has_a_document(self):
        for name in tbft.__all__:
            thing = getattr(tbft, name)
            if not inspect.isclass(thing):
                continue
            self.assertTrue(thing.__doc__, name)
            self.assertEqual(thing.__module__, "tbft", name)
            for member, value in vars(thing).items():
                if not member.startswith("_"):
                    self.assertTrue(inspect.getdoc(value), f"{name}.{member}")

    def test_version(self):
        self.assertRegex(tbft.__version__, r"^\d+\.\d+\.\d+$")

    def test_meters_are_described(self):
        for meter in tbft.meters():
            self.assertRegex(meter.uri, "^[a-z0-9_]+://")
            self.assertIn(meter.scope, ("board", "package", "rail", "battery"))
        with tbft.Monitor("estimate://") as monitor:
            self.assertEqual((monitor.meter.scope, monitor.meter.measured), ("board", False))
            self.assertGreater(monitor.meter.period, 0)


if __name__ == "__main__":
    unittest.main()
