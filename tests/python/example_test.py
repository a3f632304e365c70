"""examples/python: the joules of each epoch of an unmodified PyTorch script are those of `tbft integrate` on the same trace."""
import json
import math
import os
import pathlib
import subprocess
import sys
import unittest

import support

EXAMPLE = support.SOURCE / "examples/python"


class Epochs(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(support.folder())
        self.meter = support.write_recording(self.folder / "wave.csv", seconds=300, watts=lambda t_s: 4 + math.sin(7 * t_s))
        self.environment = {**os.environ, "PATH": f"{pathlib.Path(os.environ['TBFT_PROGRAM']).parent}:{os.environ['PATH']}"}

    def epochs(self, *arguments, check=True):
        return subprocess.run([sys.executable, EXAMPLE / "epochs.py", *arguments], check=check, capture_output=True, text=True,
                              env=self.environment)

    def test_joules_are_those_of_integrate(self):
        trace = self.folder / "trace.csv"
        done = self.epochs("-m", self.meter, "-t", trace, "--json", EXAMPLE / "train.py", "--images", "256", "--epochs", "2")
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        self.assertEqual([row["window"] for row in rows],
                         ["script", "epoch/1/train", "epoch/1/eval", "epoch/2/train", "epoch/2/eval"])
        self.assertIn("epoch 2: ", done.stdout, "the script's own output")
        again = support.integrated(trace)
        for row in rows:
            self.assertEqual(row["reason"], "")
            self.assertGreater(row["joules"], 3 * row["seconds"])
            self.assertAlmostEqual(row["joules"], again[row["window"]], delta=1e-12 * again[row["window"]])
            self.assertEqual(row["integrate_J"], again[row["window"]])
        self.assertGreater(rows[0]["joules"], sum(row["joules"] for row in rows[1:]))

    def test_scripts_end_as_they_do_alone(self):
        script = self.folder / "script.py"
        script.write_text("import sys, torch, helper\n"
                          "from torch.utils.data import DataLoader\n"
                          "for x in zip(DataLoader(range(9)), DataLoader(range(9))):\n"
                          "    break\n"
                          "with torch.no_grad():\n"
                          "    list(DataLoader(range(3), num_workers=1))\n"
                          "sys.exit(int(sys.argv[1]) + helper.one)\n")
        (self.folder / "helper.py").write_text("one = 1\n")
        done = self.epochs("-m", self.meter, script, "6", check=False)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        for name in ("script", "epoch/1/train", "epoch/2/train", "epoch/2/eval"):
            self.assertRegex(done.stdout, f"(?m)^{name} ")

    def test_without_a_meter_it_says_so(self):
        done = self.epochs("-m", "um34c:///dev/nowhere", EXAMPLE / "train.py", check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"\Aepochs.py: .*/dev/nowhere.*\n\Z")


if __name__ == "__main__":
    unittest.main()
