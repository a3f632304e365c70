"""Who may include whom: a file includes its own room and the rooms below it (ARCHITECTURE.md). No header includes itself through
others, torch stays in a few headers, and the private headers of power/ stay inside power/ and its own tests."""
import graphlib
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
# What stands directly below each room. Of a room in harness/ its CMakeLists.txt says it.
BELOW = {"power": [], "models": [], "results": [], "plots": ["results"], "python": ["power"]}
for cmake in sorted(root.glob("harness/*/CMakeLists.txt")):
    room = re.search(r"tbft_room\(([^)]*)\)", cmake.read_text()).group(1)
    rooms = re.search(r"\bROOMS\b((?: +[a-z_]+)*)", room)
    BELOW["harness/" + cmake.parent.name] = (
        ["harness/" + name for name in (rooms.group(1).split() if rooms else [])]
        + [{"checkpoint": "models"}.get(name, name) for name in re.findall(r"tbft::([a-z_]+)", room)])
TORCH_HEADERS = {"models/forward_only.h", "models/fused.h", "models/linear.h", "models/maps.h", "models/prefix_cache.h", "models/network.h",
                 "models/families/modules.h",
                 "models/script/record.h", "models/script/script_network.h",
                 "harness/training/batches.h",
                 "harness/training/network.h", "harness/training/optimizer.h", "harness/training/torch_compat.h",
                 "harness/training/train_inputs.h", "harness/training/training_run.h"}
TORCH_FREE = {"power", "results", "plots", "python"}
# Where public headers lie when the source tree is not their root: "tbft/power/meter.h".
PUBLIC_ROOT = "power/include/"
# What may include a private header of power/: its unit tests and their fakes, the tests of its uncertainty, the fuzz targets, the
# programs of the kernel tests, and the benchmark of its sampling loop.
MAY_INCLUDE_PRIVATE = ("tests/unit/power/", "tests/support/", "tests/coverage/", "tests/fuzz/", "tests/kernel/",
                       "experiments/bench/sampler_bench.cpp")


def room_of(name):
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "harness" else parts[0]


def with_all_below(room):
    return {room}.union(*(with_all_below(below) for below in BELOW[room]))


wrong = []
graph = {}


def sources(*tops):
    return [file for top in tops for file in sorted((root / top).rglob("*")) if file.suffix in (".h", ".cpp")]


def includes_of(file):
    lines = enumerate(file.read_text().splitlines(), 1)
    found = ((number, re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)) for number, line in lines)
    return [(number, match.group(1)) for number, match in found if match]


for file in sources("power", "models", "results", "plots", "harness", "python"):
    name = file.relative_to(root).as_posix()
    room = room_of(name)
    if room not in BELOW:
        wrong.append(f"{name}: stands in no room")
        continue
    allowed = with_all_below(room)
    for number, target in includes_of(file):
        top = target.split("/")[0]
        if top in ("torch", "ATen", "c10"):
            if room in TORCH_FREE or (file.suffix == ".h" and name not in TORCH_HEADERS):
                wrong.append(f"{name}:{number}: includes {target}; torch stays out of this file")
        if target.startswith("..") or target.startswith("./"):
            wrong.append(f"{name}:{number}: {target}: paths start at the source tree")
        if (root / PUBLIC_ROOT / target).is_file():
            target = PUBLIC_ROOT + target
        elif target.startswith("power/") and name.startswith(PUBLIC_ROOT):
            wrong.append(f"{name}:{number}: {target} is private to power, and this header is installed")
        if (root / target).is_file():
            graph.setdefault(name, set()).add(target)
            if room_of(target) not in allowed:
                wrong.append(f"{name}:{number}: {target} stands above {room}, or beside it")
for file in sources("models", "results", "plots", "harness", "python", "examples", "experiments", "tests"):
    name = file.relative_to(root).as_posix()
    for number, target in includes_of(file):
        if target.startswith("power/") and not name.startswith(MAY_INCLUDE_PRIVATE):
            wrong.append(f"{name}:{number}: {target} is private to power; tbft/power/ has the public headers")
try:
    graphlib.TopologicalSorter(graph).prepare()
except graphlib.CycleError as error:
    wrong.append("a cycle: " + " <- ".join(error.args[1]))
print("\n".join(wrong) or "every include goes the right way")
sys.exit(bool(wrong))
