"""Who may include whom (ARCHITECTURE.md), and which headers may include torch."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
MAY = {
    "power": {"power"},
    "models": {"models"},
    "results": {"results"},
    "plots": {"plots", "results"},
    "harness": {"harness", "power", "models", "results", "plots"},
}
TORCH_HEADERS = {"models/fused.h", "models/prefix_cache.h", "models/resnet.h", "harness/batches.h", "harness/network.h",
                 "harness/torch_compat.h", "harness/train_inputs.h", "harness/strategy/objective.h"}
TORCH_FREE = {"power", "results", "plots"}

wrong = []
for folder, allowed in MAY.items():
    for file in sorted((root / folder).rglob("*")):
        if file.suffix not in (".h", ".cpp"):
            continue
        name = file.relative_to(root).as_posix()
        for number, line in enumerate(file.read_text().splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if not include:
                continue
            target = include.group(1)
            top = target.split("/")[0]
            if top in MAY and top not in allowed:
                wrong.append(f"{name}:{number}: {folder} includes {target}")
            if top in ("torch", "ATen", "c10"):
                if folder in TORCH_FREE or (file.suffix == ".h" and name not in TORCH_HEADERS):
                    wrong.append(f"{name}:{number}: includes {target}; torch stays out of this file")
            if target.startswith("..") or target.startswith("./"):
                wrong.append(f"{name}:{number}: {target}: paths start at the source tree")
print("\n".join(wrong) or "every include goes the right way")
sys.exit(bool(wrong))
