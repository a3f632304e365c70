"""How the benchmark against Python takes rounds and sums them up (experiments/bench/vs_pytorch.py, measure_work.py)."""
import argparse
import collections
import contextlib
import io
import json
import math
import pathlib
import sys
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "experiments/bench"))
import vs_pytorch
from measure_work import compared, interval, steadiest


class Rounds(unittest.TestCase):
    def test_seven_rounds_give_their_range_and_more_give_less(self):
        self.assertEqual(interval([5, 1, 4, 2, 7, 3, 6]), (4, 1, 7))
        # Of 9, the second and the eighth: 1 - 2 (1 + 9) / 2**9 = 0.961.
        self.assertEqual(interval(range(1, 10)), (5, 2, 8))

    def test_ratios_are_of_pairs(self):
        figure = compared([2, 8, 4], [1, 2, 2])
        self.assertEqual((figure["ratio"], figure["low"], figure["high"]), (2, 2, 4))
        self.assertEqual((figure["theirs_s"], figure["tbft_s"], figure["rounds"]), (4, 2, 3))
        self.assertTrue(math.isclose(figure["spread_theirs"], 1.5) and math.isclose(figure["spread_tbft"], 0.5))

    def test_the_narrower_interval_judges(self):
        wide, narrow = compared([2, 4], [1, 1]), compared([20, 22], [1, 1])
        self.assertEqual(steadiest({"wall": wide, "processor": narrow}), "processor")


class CtrlC(unittest.TestCase):
    def taken(self, interrupted_in):
        def tbft(threads, clock, number):
            if number == interrupted_in:
                raise KeyboardInterrupt
            return 1 + number

        args = argparse.Namespace(rounds=3, clocks=("processor",), threads=2)
        with contextlib.redirect_stderr(io.StringIO()):
            return vs_pytorch.take({"full": {"best": lambda threads, clock, number: 2 + number, "tbft": tbft}}, args)

    def test_complete_rounds_count(self):
        self.assertEqual(self.taken(None), ({"full": {"best": {"processor": [2, 3, 4]}, "tbft": {"processor": [1, 2, 3]}}}, False))
        self.assertEqual(self.taken(2), ({"full": {"best": {"processor": [2, 3]}, "tbft": {"processor": [1, 2]}}}, True))

    def test_in_the_first_round_there_is_nothing(self):
        with self.assertRaises(SystemExit) as ended:
            self.taken(0)
        self.assertEqual(ended.exception.code, vs_pytorch.INTERRUPTED)


class Families(unittest.TestCase):
    # Seconds of each round: the second is taken from the layout that is the faster one by far.
    LAYOUTS = [{"contiguous_format": 5, "channels_last": 2}, {"contiguous_format": 1, "channels_last": 6},
               {"contiguous_format": 5, "channels_last": 2}]

    def setUp(self):
        self.commands = []
        rounds = collections.Counter()

        def run_json(command, clock, key="seconds"):
            words = [str(word) for word in command]
            self.commands.append(words)
            if key == "seconds":
                return 3 if "full" in words else 1
            tuned = words[words.index("vit") + 1]
            rounds[tuned] += 1
            return self.LAYOUTS[rounds[tuned] - 1]

        args = argparse.Namespace(family="vit", steps=4, rounds=3, threads=2, clocks=("processor",), json=True)
        out, err = io.StringIO(), io.StringIO()
        with mock.patch.object(vs_pytorch, "run_json", run_json), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.code = vs_pytorch.families(args, "step_bench")
        self.rows, self.err = json.loads(out.getvalue()), err.getvalue()

    def test_the_layout_is_that_of_the_lower_median_in_every_round(self):
        fc = self.rows["vit fc"]["processor"]
        self.assertEqual((fc["theirs_s"], fc["low"], fc["high"]), (2, 2, 6))

    def test_one_round_that_says_otherwise_makes_no_step_slower(self):
        full = self.rows["vit full"]["processor"]
        self.assertEqual((full["ratio"], full["high"]), (2 / 3, 2))
        self.assertEqual((self.code, self.err.count("slower")), (0, 0))
        self.assertEqual(self.rows["vit fc"]["of_full"]["ratio"], 1 / 3)

    def test_both_programs_take_as_many_steps(self):
        for command in self.commands:
            self.assertEqual(command[command.index("--steps") + 1], "4", command)
            self.assertEqual(command[command.index("--threads") + 1], "1", command)  # of the processor's clock


unittest.main()
