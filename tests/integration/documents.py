"""What README.md and docs/ say can be done: their commands run, their links lead somewhere.

Usage: documents.py TBFT SOURCE CASE, where CASE is
  PAGE.md     runs the `sh` blocks of this page, in order, in one shell and a temporary folder that looks like a clone
  commands    every `tbft` command of any page that no block runs (`bash`, `console`, `inline code`): it and its options exist
  links       every relative link and anchor of every Markdown file, whether some page links to each page for users, and whether
              the pages that the code names are there
  symptoms    the messages in docs/troubleshooting.md are those of the program
  readme      README.md has at most 120 lines of at most 120 characters
  faults      each check finds its fault in a made-up tree

In an `sh` block the exit code of each command is 0, or N where the line ends with `# exits with N`. Stand-ins keep it short:
/dev/rfcomm0 is a simulated UM34C ($TBFT_UM34C_SIMULATOR), port 7017 a free one, the built-in data sets and `run quickstart` have
some tens of images, and the meter of `run quickstart` is a recording, because such cells last less than a meter's period.
"""
import errno
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time

from markdown_pages import blocks_of, is_ours, link_faults, mention_faults, pages, prose_of, readme_faults

GROUPS = {("data",), ("meters",)}  # commands with commands of their own


# ---- running a page ----

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def write_recording(file):
    """2 s of a constant 5 W."""
    rows = "".join(f"{i * 20_000_000},5,1,5,,,\n" for i in range(101))
    file.write_text(f"t_ns,volts_V,amps_A,power_W,energy_J,flags,mark\n{rows}")


def with_stand_ins(line, folder, port):
    if "tbft run quickstart" in line:
        line = line.replace(" -m um34c:///dev/rfcomm0", "").replace("tbft run quickstart", (
            f"tbft run quickstart -m 'replay://{folder}/recording.csv?speed=instant' --set 'data.path=synthetic:?part=target&n=60' "
            "--set sweep.repetitions=1 --set train.epochs=1"))
    line = line.replace("synthetic:?part=train'", "synthetic:?part=train&n=64'").replace("synthetic:?part=test'", (
        "synthetic:?part=test&n=32'"))
    return line.replace("/dev/rfcomm0", f"{folder}/ttyUM34C").replace("7017", port)


def script_of(text, folder):
    """The `sh` blocks as one script whose line numbers are the page's."""
    port = free_port()
    lines = [""] * len(text.split("\n"))
    for block in blocks_of(text):
        if block.language != "sh":
            continue
        for i, line in enumerate(block.lines):
            other_code = re.search(r"^(.*?)\s+# exits with (\d+)$", line)
            if other_code:
                line = f"code=0; {{ {other_code[1]}; }} || code=$?; [ $code = {other_code[2]} ]"
            lines[block.first_line - 1 + i] = with_stand_ins(line, folder, port)
    return "\n".join(lines) + "\n"


def start_simulator(meter):
    simulator = subprocess.Popen([os.environ["TBFT_UM34C_SIMULATOR"], meter, f"{meter}.truth"])
    for _ in range(600):
        if os.path.lexists(meter):
            return simulator
        assert simulator.poll() is None, "the simulated UM34C ended"
        time.sleep(0.05)
    raise AssertionError("the simulated UM34C does not start")


def run_page(tbft, source, page):
    """Returns the exit code, and what the page's commands and the shell printed."""
    text = (source / page).read_text()
    with tempfile.TemporaryDirectory() as temporary:
        clone, home, meter = (pathlib.Path(temporary) / name for name in ("tbft", "home", "ttyUM34C"))
        clone.mkdir()
        home.mkdir()
        write_recording(pathlib.Path(temporary) / "recording.csv")
        for entry in source.iterdir():
            if is_ours(entry.name):
                (clone / entry.name).symlink_to(entry)
        script = pathlib.Path(temporary) / "page.sh"
        script.write_text(script_of(text, temporary))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("TBFT_METER", "TBFT_OUTPUT", "XDG_"))}
        environment = {**kept, "HOME": str(home), "PATH": f"{tbft.parent}:{os.environ['PATH']}"}
        simulator = start_simulator(meter) if str(meter) in script.read_text() else None
        try:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", f"trap 'echo \"FAILED: {page}:$LINENO\"' ERR; set -E; . \"$0\"", script],
                cwd=clone, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        finally:
            if simulator:
                simulator.terminate()
                simulator.wait()
    return done.returncode, done.stdout


def check_page(tbft, source, page):
    code, output = run_page(tbft, source, page)
    print(output)
    assert code == 0, f"{page}: exit code {code}"


# ---- commands that do not run ----

class Helps:
    """The options of commands, from their help."""

    def __init__(self, tbft):
        self.tbft, self.known = tbft, {}

    def text(self, words):
        if words not in self.known:
            done = subprocess.run([self.tbft, *words, "--help"], capture_output=True, text=True)
            self.known[words] = done.stdout if done.returncode == 0 else ""
        return self.known[words]

    def is_command(self, words):
        return f"tbft {' '.join(words)}" in self.text(words)

    def has(self, words, option):
        options = self.text(words).partition("Options:")[2].partition("Examples:")[0]
        return re.search(rf"(^|[\s,]){re.escape(option)}($|[\s,=\[])", options, re.M) is not None


def logical_lines(block):
    """(line number, command); of a `console` block the lines behind a prompt."""
    number, text = block.first_line, ""
    for i, line in enumerate(block.lines):
        if not text:
            number = block.first_line + i
            if block.language == "console":
                prompt = re.match(r"\s*\$ (.*)", line)
                if not prompt:
                    continue
                line = prompt[1]
        text += line.rstrip("\\") if line.endswith("\\") else line
        if not line.endswith("\\"):
            yield number, text
            text = ""


def tbft_calls(command):
    """The words behind each `tbft` of a shell command, up to what belongs to another command."""
    lexer = shlex.shlex(command.replace("'\\''", ""), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return
    call = None
    for before, word in zip([";"] + words, words + [";"]):
        if word == "--" or set(word) <= set(";|&<>()"):
            if call is not None:
                yield call
            call = None
        elif call is not None:
            call.append(word)
        elif word in ("tbft", "$tbft") and not before.startswith("-"):
            call = []


def fault_of(call, helps):
    """Why there is no such command, or an empty text."""
    words, rest = (), list(call)
    if rest and re.fullmatch(r"[a-z][a-z-]*", rest[0]):
        words = (rest.pop(0),)
        if words != ("help",) and not helps.is_command(words):
            return f"no command '{words[0]}'"
    if words in GROUPS and rest and re.fullmatch(r"[a-z][a-z-]*", rest[0]) and helps.is_command((*words, rest[0])):
        words += (rest.pop(0),)
    if words == ("help",):
        return ""
    takes_command = words == ("measure",)
    previous_option = False
    for word in rest:
        if re.fullmatch(r"--?[A-Za-z][\w-]*(=.*)?", word):
            option = word.split("=")[0]
            if not helps.has(words, option):
                return f"tbft {' '.join(words)} has no option {option}"
            previous_option = True
            continue
        if takes_command and not previous_option:
            return ""  # what follows are the measured command's options
        previous_option = False
    return ""


def command_faults(tbft, source):
    helps, faults, seen = Helps(tbft), [], 0
    for page in pages(source):
        text = page.read_text()
        found = [(n, c) for b in blocks_of(text) if b.language in ("bash", "console") for n, c in logical_lines(b)]
        prose = prose_of(text)
        for code in re.finditer(r"`(tbft [^`]*)`", prose):
            found.append((prose.count("\n", 0, code.start()) + 1, code[1].replace("\n", " ")))
        for number, command in found:
            where = f"{page.relative_to(source)}:{number}"
            for script in re.findall(r"(?<![\w./-])((?:scripts|tests|experiments)/[\w./-]+\.(?:sh|py|toml))", command):
                if not (source / script).exists():
                    faults.append(f"{where}: no {script}")
            for call in tbft_calls(command):
                seen += 1
                fault = fault_of(call, helps)
                if fault:
                    faults.append(f"{where}: {fault}")
    print(f"{seen} commands")
    return faults


# ---- messages ----

def messages_of(source):
    """All texts of the program, one behind the other, and the system's errors."""
    code = "\n".join(p.read_text() for room in ("harness", "models", "plots", "power", "results")
                     for p in sorted((source / room).rglob("*")) if p.suffix in (".cpp", ".h"))
    joined = re.sub(r'"\s*\n\s*"', "", code)  # a text over several lines
    return joined.replace("`", "") + "\n".join(os.strerror(e) for e in errno.errorcode)


def symptom_faults(source):
    """Messages in the first column of a table. Words with a digit or a capital stand for others, and so does `...`."""
    page = source / "docs/troubleshooting.md"
    messages, faults = messages_of(source), []
    for number, line in enumerate(page.read_text().split("\n"), 1):
        for message in re.findall(r"`([^`]+)`", line.split(" | ")[0]) if line.startswith("| ") else []:
            parts = [part.strip() for part in re.split(r"\S*[A-Z\d'/]\S*|\.\.\.|; ", message)]
            longest = max(parts, key=len)
            if " " in longest and longest not in messages:
                faults.append(f"docs/troubleshooting.md:{number}: the program does not say '{longest}'")
    return faults


# ---- the checks themselves ----

def write_tree(folder, readme, guide="# A guide\n"):
    (folder / "docs").mkdir()
    (folder / "README.md").write_text(readme)
    (folder / "docs/guide.md").write_text(guide)


def expect(faults, words):
    assert len(faults) == len(words) and all(w in f for w, f in zip(words, faults)), f"expected {words}, found {faults}"


def check_faults(tbft):
    """Each check is red for its fault and green without it."""
    cases = 0
    for readme, check, words in [
        ("[a](docs/guide.md#a-guide)\n[b](docs/gone.md)\n", link_faults, ["README.md:2: docs/gone.md: no such file"]),
        ("[a](docs/guide.md#another)\n", link_faults, ["no such heading"]),
        ("`[a](nowhere)`\n", link_faults, ["docs/guide.md: no page links to it"]),
        ("x" * 121 + "\n" * 120 + "x\n", readme_faults, ["121 characters", "121 lines"]),
        ("```bash\nsudo tbft mesure -- true\ntbft measure -m auto --repetition 3 -- ls --colour\n```\n",
         lambda source: command_faults(tbft, source), ["README.md:2: no command 'mesure'", "no option --repetition"]),
        ("Try `tbft report --shape round` or\n`scripts/x.sh`.\n```console\n$ scripts/gone.sh\nscripts/output.sh\n```\n",
         lambda source: command_faults(tbft, source), ["no scripts/gone.sh", "no option --shape"]),
    ]:
        with tempfile.TemporaryDirectory() as temporary:
            source = pathlib.Path(temporary)
            write_tree(source, readme)
            expect(check(source), words)
            cases += 1
    for readme, code, words in [
        ("# A\n```sh\ntrue\ntbft measur\n```\n", 2, "FAILED: README.md:4"),
        ("```sh\nfalse  # exits with 1\n```\n```bash\nfalse\n```\n", 0, ""),
        ("```sh\ntrue  # exits with 1\n```\n", 1, "FAILED: README.md:2"),
        ("```sh\ncat docs/guide.md | grep -q guide && tbft --version\n```\n", 0, "tbft "),
    ]:
        with tempfile.TemporaryDirectory() as temporary:
            source = pathlib.Path(temporary)
            write_tree(source, readme)
            found, output = run_page(tbft, source, "README.md")
            assert found == code and words in output, (readme, found, output)
            cases += 1
    print(f"{cases} made-up documents")


def main():
    tbft, source, case = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3]
    if case.endswith(".md"):
        return check_page(tbft, source, case)
    if case == "faults":
        return check_faults(tbft)
    faults = {"commands": lambda: command_faults(tbft, source), "links": lambda: link_faults(source) + mention_faults(source),
              "readme": lambda: readme_faults(source), "symptoms": lambda: symptom_faults(source)}[case]()
    assert not faults, "\n".join(faults)


main()
