"""Threads and forks: the GIL is free while the module waits, any thread may measure, a child leaves its parent's monitor
alone."""
import os
import signal
import threading
import time
import unittest

import support
import tbft

PATIENT = 30  # s without a reading that are no gap: a busy machine may take its time


class Gil(unittest.TestCase):
    def test_other_threads_run_while_the_module_waits(self):
        # The meter's answers come from a thread of Python. Were the GIL held while the module opens it, samples it or waits
        # for a reading, that reading would never come.
        with support.Um34c() as simulated:
            with tbft.Monitor(f"um34c://{simulated.port}?gain_pct=1&offset_A=0.001&gap_limit={PATIENT}") as monitor:
                before = simulated.answers
                self.assertGreater(before, 0, "opening waits for the first reading")
                with monitor.window("work") as window:
                    support.await_readings(monitor, 3)
                ended = simulated.answers
                energy = window.energy
                self.assertGreater(simulated.answers, ended, "the reading beyond the end came while the call waited")
                self.assertTrue(energy.valid, energy.reason)
                self.assertAlmostEqual(energy.watts, 5, delta=1e-6)
                self.assertGreater(energy.U, 0)
                self.assertTrue(energy.measured)

    def test_energies_outlive_the_monitor(self):
        with support.Um34c() as simulated:
            with tbft.Monitor(f"um34c://{simulated.port}?gap_limit={PATIENT}") as monitor:
                with monitor.window("work") as window:
                    support.await_readings(monitor, 3)
            # Half a second lies between two readings: the monitor has waited for the one beyond the window.
            self.assertTrue(window.energy.valid, window.energy.reason)
            self.assertAlmostEqual(window.energy.watts, 5, delta=1e-6)

    def test_a_meter_that_falls_silent_raises_nothing(self):
        with support.Um34c() as simulated, tbft.Monitor(f"um34c://{simulated.port}?gap_limit=0.7") as monitor:
            simulated.silent = True
            with monitor.window("work") as window:
                answers = monitor.readings
            energy = window.energy
            self.assertFalse(energy.valid)
            self.assertTrue(energy.reason)
            self.assertEqual(monitor.readings, answers)


class Threads(unittest.TestCase):
    def test_windows_of_many_threads_equal_the_trace(self):
        workers, windows = 8, 10
        with support.folder() as folder:
            meter = support.write_recording(folder / "wave.csv", watts=lambda t_s: 4 + 1.7 * (t_s * 7.3 % 1))
            found, errors = {}, []
            begin = threading.Barrier(workers)  # the replay begins with the first window: all try to be that one

            def work(monitor, worker):
                try:
                    begin.wait()
                    for i in range(windows):
                        with monitor.window(f"{worker}/{i}") as window:
                            support.await_readings(monitor, 2)
                        found[window.name] = window.energy
                except Exception as error:  # a thread's exception would only be printed
                    errors.append(error)

            with tbft.Monitor(meter, trace=folder / "trace.csv") as monitor:
                threads = [threading.Thread(target=work, args=(monitor, i)) for i in range(workers)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            self.assertEqual(errors, [])
            again = support.integrated(folder / "trace.csv")
        self.assertEqual(len(again), workers * windows)
        for name, joules in again.items():
            self.assertTrue(found[name].valid, found[name].reason)
            self.assertAlmostEqual(found[name].joules, joules, delta=1e-12 * joules)

    def test_closing_waits_for_those_who_wait(self):
        with support.Um34c() as simulated:
            monitor = tbft.Monitor(f"um34c://{simulated.port}?gap_limit={PATIENT}")
            energies = []
            with monitor.window("work") as window:
                support.await_readings(monitor, 3)
            waiting = threading.Thread(target=lambda: energies.append(window.energy))
            waiting.start()
            monitor.close()
            waiting.join()
        self.assertEqual(len(energies), 1)
        self.assertTrue(energies[0].valid, energies[0].reason)


class Fork(unittest.TestCase):
    def test_a_child_leaves_the_monitor_alone(self):
        # As the workers of PyTorch's DataLoader do. The child has no sampling thread for which it could wait.
        with support.folder() as folder:
            trace = folder / "trace.csv"
            monitor = tbft.Monitor(support.write_recording(folder / "5W.csv"), trace=trace)
            window = monitor.window("work")
            child = os.fork()
            if child == 0:
                signal.alarm(60)  # a hang is a failure
                code = 1
                try:
                    monitor.window("other")
                except tbft.Error as error:
                    code = 0 if "fork" in str(error) else 2
                del window, monitor
                os._exit(code)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            support.await_readings(monitor, 5)
            window.close()
            self.assertTrue(window.energy.valid, window.energy.reason)
            monitor.close()
            self.assertAlmostEqual(support.integrated(trace)["work"], window.energy.joules, delta=1e-12 * window.energy.joules)

    def child(self, work):
        """The exit code of a child that does this; a hang is a failure."""
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            code = 1
            try:
                code = work()
            finally:
                os._exit(code)
        return os.waitpid(child, 0)[1]

    def test_a_child_waits_for_no_lock_of_its_parent(self):
        with support.Um34c() as simulated, tbft.Monitor(f"um34c://{simulated.port}?gap_limit=2") as monitor:
            with monitor.window("work") as window:
                support.await_readings(monitor, 2)
                simulated.silent = True  # the energy then waits for the gap limit
            begun = threading.Event()
            waiting = threading.Thread(target=lambda: (begun.set(), window.energy))
            waiting.start()
            begun.wait()
            time.sleep(0.1)  # for the thread to be within the call

            def work():
                for call in (window.close, window.cancel, lambda: window.energy, lambda: monitor.energy("work")):
                    try:
                        call()
                    except tbft.Error as error:
                        if "fork" in str(error):
                            continue
                    return 2
                return 0

            codes = [self.child(work) for _ in range(5)]
            waiting.join()
        self.assertEqual(codes, [0] * 5)

    def test_what_a_child_raises_stays(self):
        with support.folder() as folder:
            def work():
                try:
                    with monitor, window:
                        raise KeyError("the child's own")
                except KeyError:
                    return 0 if known.energy.valid else 3

            with tbft.Monitor(support.write_recording(folder / "5W.csv")) as monitor:
                with monitor.window("known") as known:
                    support.await_readings(monitor, 3)
                self.assertTrue(known.energy.valid)
                with monitor.window("work") as window:
                    self.assertEqual(self.child(work), 0)
                    support.await_readings(monitor, 3)
            self.assertTrue(window.energy.valid, window.energy.reason)


if __name__ == "__main__":
    unittest.main()
