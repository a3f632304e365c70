"""docs/python.md: its blocks of Python run, in order, with a replay in place of the chip."""
import contextlib
import io
import os
import re
import sys
import unittest

import support

sys.path.insert(0, str(support.SOURCE / "tests/integration"))
from markdown_pages import blocks_of  # noqa: E402

CELLS = "cell_id,strategy,status,gross_J\na,full,ok,3.5\nb,block1,ok,1.25\n"


class Page(unittest.TestCase):
    def test_its_code_runs(self):
        folder = self.enterContext(support.folder())
        self.enterContext(contextlib.chdir(folder))
        (folder / "runs/first").mkdir(parents=True)
        (folder / "runs/first/cells.csv").write_text(CELLS)
        meter = support.write_recording(folder / "recording.csv")
        blocks = [block for block in blocks_of((support.SOURCE / "docs/python.md").read_text()) if block.language == "python"]
        self.assertGreater(len(blocks), 3)
        names = {"train": lambda *_: os.times(), "serve": lambda *_: os.times(), "validate": lambda *_: os.times()}
        for block in blocks:
            code = re.sub(r'ina219:///dev/i2c-1\?[^"]*', meter, "\n" * (block.first_line - 1) + "\n".join(block.lines))
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(code, "docs/python.md", "exec"), names)


if __name__ == "__main__":
    unittest.main()
