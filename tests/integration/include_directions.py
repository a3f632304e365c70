"""Who may include whom: a file includes its own room and the rooms below it (ARCHITECTURE.md). And no header includes itself
through others, and torch stays in a few headers."""
import graphlib
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
# What stands directly below each room. Of a room in harness/ its CMakeLists.txt says it.
BELOW = {"power": [], "models": [], "results": [], "plots": ["results"]}
for cmake in sorted(root.glob("harness/*/CMakeLists.txt")):
    room = re.search(r"tbft_room\(([^)]*)\)", cmake.read_text()).group(1)
    rooms = re.search(r"\bROOMS\b((?: +[a-z_]+)*)", room)
    BELOW["harness/" + cmake.parent.name] = (
        ["harness/" + name for name in (rooms.group(1).split() if rooms else [])]
        + [{"checkpoint": "models"}.get(name, name) for name in re.findall(r"tbft::([a-z_]+)", room)])
TORCH_HEADERS = {"models/fused.h", "models/prefix_cache.h", "models/network.h", "models/families/modules.h", "harness/training/batches.h",
                 "harness/training/network.h", "harness/training/torch_compat.h", "harness/training/train_inputs.h",
                 "harness/training/objective.h", "harness/training/training_run.h"}
TORCH_FREE = {"power", "results", "plots"}


def room_of(name):
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "harness" else parts[0]


def with_all_below(room):
    return {room}.union(*(with_all_below(below) for below in BELOW[room]))


wrong = []
graph = {}
files = [file for top in ("power", "models", "results", "plots", "harness") for file in sorted((root / top).rglob("*"))]
for file in files:
    if file.suffix not in (".h", ".cpp"):
        continue
    name = file.relative_to(root).as_posix()
    room = room_of(name)
    if room not in BELOW:
        wrong.append(f"{name}: stands in no room")
        continue
    allowed = with_all_below(room)
    for number, line in enumerate(file.read_text().splitlines(), 1):
        include = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not include:
            continue
        target = include.group(1)
        top = target.split("/")[0]
        if top in ("torch", "ATen", "c10"):
            if room in TORCH_FREE or (file.suffix == ".h" and name not in TORCH_HEADERS):
                wrong.append(f"{name}:{number}: includes {target}; torch stays out of this file")
        if target.startswith("..") or target.startswith("./"):
            wrong.append(f"{name}:{number}: {target}: paths start at the source tree")
        if (root / target).is_file():
            graph.setdefault(name, set()).add(target)
            if room_of(target) not in allowed:
                wrong.append(f"{name}:{number}: {target} stands above {room}, or beside it")
try:
    graphlib.TopologicalSorter(graph).prepare()
except graphlib.CycleError as error:
    wrong.append("a cycle: " + " <- ".join(error.args[1]))
print("\n".join(wrong) or "every include goes the right way")
sys.exit(bool(wrong))
