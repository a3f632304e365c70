"""read_run(): the cells of a run, with pandas and without."""
import re
import sys
import unittest
from unittest import mock

import support
import tbft
from tbft.runs import NUMBERS

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
        self.assertEqual(first, {"schema": 1, "cell_id": "120456e78901", "strategy": "block1",
                                 "reason": 'slow, but "ok"\nreally', "accuracy_pct": 61.5, "gross_J": None, "repetition": 0})
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
        self.assertEqual({name for name in cells.columns if cells[name].dtype.kind == "O"}, set(cells.columns) - NUMBERS)
        self.assertEqual(set(cells["status"]), {"ok"})

    def test_an_incomplete_last_line_is_left_out(self):
        for torn in ('1,3,full,"torn', '1,3,full,"torn\n', '1,3,full,"torn\nin a, line', "1,3,full,,61,4"):
            self.assertEqual(len(self.without_pandas(ROWS + torn)), 2, torn)

    def test_an_open_quote_hides_no_rows(self):
        for end in ("", "1,4,full,to"):
            with self.assertRaisesRegex(tbft.Error, "row 3: a quote that is never closed hides the rows after it"):
                tbft.read_run(self.run_of(ROWS + '1,3,full,"open,,,\n1,4,full,,,,\n' + end))

    def test_a_byte_order_mark_is_none_of_a_column(self):
        self.assertEqual(list(self.without_pandas("\ufeff" + HEADER + "1,a,full,,,,\n")[0]), HEADER.strip().split(","))

    def test_an_unknown_column_stays_text(self):
        cells = tbft.read_run(self.run_of("cell_id,later,gross_J\na,12 W,1\nb,,2\n"))
        self.assertEqual(list(cells["later"]), ["12 W", None])

    def test_further_meters_have_a_table_of_their_own(self):
        (self.folder / "meters.csv").write_text("cell_id,meter,gross_J\na,um25c:///dev/rfcomm0,1.5\na,rapl://package-0,\n")
        meters = tbft.read_meters(self.folder)
        self.assertEqual(list(meters["meter"]), ["um25c:///dev/rfcomm0", "rapl://package-0"])
        self.assertEqual(list(meters["gross_J"].isna()), [False, True])
        with self.assertRaisesRegex(tbft.Error, "which has cells.csv"):
            tbft.read_run(self.folder)
        (self.folder / "meters.csv").unlink()
        with self.assertRaisesRegex(tbft.Error, "which has meters.csv"):
            tbft.read_meters(self.folder)

    def test_damage_is_an_error(self):
        for text, message in ((HEADER + "1,2\n", "row 1 has 2 fields, and there are 7 columns"),
                              ("", "does not have the columns"),
                              ("cell_id,seed,seed\na,1,2\n", "the column seed is there 2 times"),
                              (HEADER + f"1,a,full,{'x' * 140_000},,,\n", "damaged: field larger than field limit"),
                              (HEADER + '1,a,full,"x"y,,,\n', "damaged: ',' expected")):
            with self.assertRaisesRegex(tbft.Error, message):
                tbft.read_run(self.run_of(text))
        with self.assertRaisesRegex(tbft.Error, "No such file or directory: give the directory of a run"):
            tbft.read_run(self.folder / "nowhere")
        with self.assertRaisesRegex(tbft.Error, "File name too long"):
            tbft.read_run(self.folder / ("x" * 300))

    def test_numbers_are_decimal_and_finite(self):
        for text in ("many", "inf", "-inf", "nan", "1_000", " 1", "0x10", "1e999", "\u0661"):
            with self.assertRaisesRegex(tbft.Error, f"row 1: column accuracy_pct: '{text}' is not a number"):
                tbft.read_run(self.run_of(HEADER + f"1,a,full,,{text},,\n"))
        for text in ("-3", "1e-05", ".5", "2.", "+1.5E+2"):
            self.assertEqual(self.without_pandas(HEADER + f"1,a,full,,{text},,\n")[0]["accuracy_pct"], float(text))

    def test_numbers_are_those_of_the_program(self):
        page = (support.SOURCE / "docs/columns.md").read_text()
        cells = page[page.index("## cells"):].split("\n## ")[0]
        documented = re.findall(r"^\| `(\w+)` \| (\w+) \|", cells, re.M)
        self.assertEqual(NUMBERS, {name for name, kind in documented if kind != "text"})


if __name__ == "__main__":
    unittest.main()
