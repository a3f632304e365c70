#!/usr/bin/env bash
# Runs clang-tidy over the project's sources, two at a time; needs the compile commands of the dev build.
# Usage: tidy.sh [recent|all]
# `recent` takes the sources that the last four hours of commits or the working tree changed, and one source for each header that
# they changed; every source if .clang-tidy is among them. A whole pass takes longer than any build; it belongs before a release.
# `all` adds the static analyzer, which takes as long as everything else, and a check that takes a third of the rest.
# Most of the time goes to headers, so files of equal flags are checked together, as one source that includes them: files that
# declare no name twice. Where that source is not clean (or its files cannot stand together), its halves are checked, and so on
# down to single files, which decide.
set -euo pipefail
cd "$(dirname "$0")/.."
checks=--checks=-clang-analyzer-*,-performance-unnecessary-value-param
[ "${1:-}" = all ] && checks=--checks=
database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT
/usr/bin/python3 - "$database" "${1:-}" >"$database/sources" <<'P'
import collections, json, os, re, subprocess, sys

out, root, most = sys.argv[1], os.getcwd(), 12
declared = re.compile(r"(?!namespace |using [\w:]+;)(?=\S)[\w:<>,*&\[\]. ]*?(\w+)(?:\[\w*\])?(?: final)?(?: : [\w: ]+)?(?:\(| \{|\{| =|;)")


def names_of(path):
    """What a source declares for itself."""
    names, inside = set(), False
    for line in open(path):
        inside = line.startswith("namespace {") or inside and not line.startswith("}  // namespace\n")
        if inside and (match := declared.match(line)):
            names.add(match[1])
    return names


wanted = set(subprocess.check_output(["git", "ls-files", *(f"{room}/*.cpp" for room in ("power", "results", "models", "plots", "harness", "python"))], text=True).split())


def recent(sources):
    """Those of the last commits."""
    hours = 4
    newest = int(subprocess.check_output(["git", "log", "-1", "--format=%ct"], text=True))
    log = ["git", "log", f"--since=@{newest - hours * 3600}", "--format=", "--name-only"]
    changed = {name for command in (log, ["git", "diff", "--name-only", "HEAD"])
               for name in subprocess.check_output(command, text=True).split()}
    if ".clang-tidy" in changed:
        return sources
    result = sources & changed
    for header in sorted(name for name in changed if name.endswith(".h") and os.path.exists(name)):
        short = header.removeprefix("power/include/")
        users = [source for source in sorted(sources) if f'"{short}"' in open(source).read()]
        if users and not result & set(users):
            result.add(users[0])
    return result


if sys.argv[2] == "recent":
    wanted = recent(wanted)
commands, groups = [], collections.defaultdict(list)
for entry in json.load(open("build/dev/compile_commands.json")):
    path = os.path.relpath(entry["file"], root)
    # The back end for the other version of libgpiod's headers has no command; tests/kernel/gpiod2_compiles compiles it.
    if path not in wanted:
        continue
    wanted.discard(path)  # kernels/passes.cpp is compiled for each instruction set
    # Its clang cannot read what GCC precompiled.
    entry["command"] = re.sub(r" -Winvalid-pch -include \S*cmake_pch\.hxx", "", entry["command"])
    commands.append(entry)
    flags = re.sub(r" -o \S+ -c .*", "", entry["command"])
    names = names_of(path)
    # The first group with room for the file and its names.
    group = next((g for g in groups[flags] if len(g[0]) < most and not names & g[1]), None)
    if not group:
        groups[flags].append(group := ([], set()))
    group[0].append(entry)
    group[1].update(names)


def together(name, group):
    """Writes NAME.cpp, which includes the group's files, and NAME0.cpp and NAME1.cpp with its halves."""
    path, first = f"{out}/{name}.cpp", group[0]
    with open(path, "w") as source:
        source.writelines(f'#include "{entry["file"]}"\n' for entry in group)
    commands.append(first | {"file": path, "command": first["command"].replace(first["file"], path)})
    if len(group) > 1:
        half = (len(group) + 1) // 2
        together(f"{name}0", group[:half])
        together(f"{name}1", group[half:])


for number, (group, _) in enumerate(sorted(sum(groups.values(), []), key=lambda g: -len(g[0]))):
    together(f"{number}-", group)
    print(f"{number}-", *(entry["file"] for entry in group))
json.dump(commands, open(f"{out}/compile_commands.json", "w"))
P
# The name of a source that includes files, then those files.
check() {
  local name=$1 half
  shift
  local tidy=(clang-tidy -p "$database" --quiet --config-file=.clang-tidy --extra-arg=-Wno-unknown-warning-option)
  if [ $# -eq 1 ]; then
    "${tidy[@]}" "$checks" "$1" 2>"$database/$name.errors" && return
    grep -vE 'warnings? (generated|treated)|^Suppressed|^Use -' "$database/$name.errors" >&2
    return 1
  fi
  "${tidy[@]}" "$checks,-bugprone-suspicious-include" --extra-arg=-Wno-shadow "$database/$name.cpp" >/dev/null 2>&1 && return
  [ -z "${TBFT_TIDY_TELL:-}" ] || echo "in halves: $*" >&2
  half=$((($# + 1) / 2))
  local status=0
  check "${name}0" "${@:1:half}" || status=1
  check "${name}1" "${@:half+1}" || status=1
  return $status
}
export -f check
export database checks
xargs -r -P 2 -L 1 bash -c 'check "$@"' _ <"$database/sources"
