"""read_run(): the cells of a run, with pandas and without."""
import re
import sys
import unittest
from unittest import mock

import support
import tbft
from tbft.runs import TEXT

HEADER = "schema,cell_id,strategy,reason,accuracy_pct,gross_J,repetition\n"
ROWS = HEADER + '1,120456e78901,block1,"slow, but ""ok""\nreally",61.5,,0\n1,000000000012,full,,62.25,12.300000000000001,\n'


class ReadRun(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(support.folder())

    def run_of(self, text):
        (self.folder / "cells.csv").write_text(text)
        return self.folder

    def without_pandas(self, text):
        with mock.patch.dict(sys.modules, pandas=None):
            return tbft.read_run(self.run_of(text))

    def test_without_pandas_it_is_a_list(self):
        first, second = self.without_pandas(ROWS)
        self.assertEqual(first, {"schema": 1, "cell_id": "120456e78901", "strategy": "block1", "reason": 'slow, but "ok"\nreally',
                                 "accuracy_pct": 61.5, "gross_J": None, "repetition": 0})
        self.assertEqual(second["gross_J"], 12.300000000000001)
        self.assertIsNone(second["repetition"])
        self.assertIsNone(second["reason"])
        self.assertEqual(second["cell_id"], "000000000012")

    def test_with_pandas_it_is_a_frame(self):
        cells = tbft.read_run(str(self.run_of(ROWS)))
        self.assertEqual(list(cells.columns), HEADER.strip().split(","))
        self.assertEqual(list(cells["gross_J"].isna()), [True, False])
        self.assertEqual(cells["gross_J"][1], 12.300000000000001)
        self.assertEqual(cells["gross_J"].mean(), 12.300000000000001)
        self.assertEqual(list(cells["cell_id"]), ["120456e78901", "000000000012"])
        self.assertEqual((cells["repetition"].dtype.kind, cells["schema"].dtype.kind), ("f", "i"))
        self.assertIsNone(cells["reason"][1])

    def test_a_column_without_any_number_is_nan(self):
        cells = tbft.read_run(self.run_of(HEADER + "1,a,full,,,,\n"))
        self.assertEqual(cells["gross_J"].dtype.kind, "f")
        self.assertTrue(cells["gross_J"].isna().all())
        self.assertEqual(len(tbft.read_run(self.run_of(HEADER))), 0)

    def test_a_run_of_the_program(self):
        cells = tbft.read_run(support.SOURCE / "results/reference/cells.csv")
        self.assertGreater(len(cells), 100)
        self.assertEqual({name for name in cells.columns if cells[name].dtype.kind == "O"}, TEXT & set(cells.columns))
        self.assertEqual(set(cells["status"]), {"ok"})

    def test_an_incomplete_last_line_is_left_out(self):
        self.assertEqual(len(self.without_pandas(ROWS + '1,3,full,"torn')), 2)

    def test_damage_is_an_error(self):
        for text, message in ((HEADER + "1,2\n", "row 1 has 2 fields, and there are 7 columns"), ("", "does not have the columns"),
                              (HEADER + "1,a,full,,many,,\n", "row 1: column accuracy_pct: 'many' is not a number")):
            with self.assertRaisesRegex(tbft.Error, message):
                tbft.read_run(self.run_of(text))
        with self.assertRaisesRegex(tbft.Error, "No such file or directory: give the directory of a run"):
            tbft.read_run(self.folder / "nowhere")

    def test_columns_of_text_are_those_of_the_program(self):
        page = (support.SOURCE / "docs/columns.md").read_text()
        cells = page[page.index("## cells"):].split("\n## ")[0]
        documented = {name for name, kind in re.findall(r"^\| `(\w+)` \| (\w+) \|", cells, re.M) if kind == "text"}
        self.assertEqual(TEXT, documented)


if __name__ == "__main__":
    unittest.main()
