"""The project's Markdown: blocks of code, links and anchors, and what is wrong with the latter."""
import os
import pathlib
import re

FENCE = re.compile(r"\s*```(\w*)\s*$")
CODE = {".cpp", ".h", ".in", ".py", ".sh", ".txt", ".cmake", ".toml"}


def is_ours(folder):
    """Whether a folder belongs to the project, by its name: not to git, a build or a run."""
    return folder not in (".git", "runs") and not folder.startswith("build")


class Block:
    def __init__(self, language, first_line):
        self.language, self.first_line, self.lines = language, first_line, []


def blocks_of(text):
    """The fenced blocks; first_line is the number of the line below the fence, from 1."""
    blocks, block = [], None
    for number, line in enumerate(text.split("\n"), 1):
        fence = FENCE.match(line)
        if fence and block is None:
            block = Block(fence[1], number + 1)
        elif fence:
            blocks.append(block)
            block = None
        elif block is not None:
            block.lines.append(line)
    assert block is None, f"line {block and block.first_line - 1}: a block without an end"
    return blocks


def prose_of(text):
    """The text without its blocks, line for line."""
    lines = text.split("\n")
    for block in blocks_of(text):
        for i in range(block.first_line - 2, block.first_line + len(block.lines)):
            lines[i] = ""
    return "\n".join(lines)


def pages(source):
    """Every Markdown file but those of other projects and of builds."""
    found = []
    for folder, folders, files in os.walk(source):
        folders[:] = sorted(filter(is_ours, folders))
        found += [pathlib.Path(folder) / f for f in sorted(files) if f.endswith(".md")]
    return found


def documents(source):
    """The pages for users; docs/design is for those who change the program."""
    docs = source / "docs"
    return [source / "README.md"] + [p for p in pages(docs) if docs / "design" not in p.parents]


def slugs(text):
    """The anchors that forges make of headings."""
    found = set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))
    for heading in re.findall(r"^#{1,6} +(.*?) *#*$", prose_of(text), re.M):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        count, name = 0, slug
        while name in found:
            count += 1
            name = f"{slug}-{count}"
        found.add(name)
    return found


def links_of(text):
    """(line number, target) of each link and image outside of code."""
    prose = re.sub(r"`[^`]*`", lambda code: re.sub(r"[^\n]", " ", code[0]), prose_of(text))
    for link in re.finditer(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^]]+\]:\s*(\S+)|<img [^>]*src=\"([^\"]+)\"", prose, re.M):
        yield prose.count("\n", 0, link.start()) + 1, link[1] or link[2] or link[3]


def link_faults(source):
    faults, linked = [], set()
    for page in pages(source):
        for number, target in links_of(page.read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = pathlib.Path(os.path.normpath(page.parent / path)) if path else page
            where = f"{page.relative_to(source)}:{number}: {target}"
            if not file.exists():
                faults.append(f"{where}: no such file")
                continue
            linked.add(file)
            if anchor and file.suffix == ".md" and anchor not in slugs(file.read_text()):
                faults.append(f"{where}: no such heading")
    for page in documents(source):
        if page != source / "README.md" and page not in linked:
            faults.append(f"{page.relative_to(source)}: no page links to it")
    return faults


def mention_faults(source):
    """Pages that programs, scripts and comments name and that are not there."""
    faults = []
    for folder, folders, files in os.walk(source):
        folders[:] = sorted(filter(is_ours, folders))
        for name in sorted(files):
            file = pathlib.Path(folder) / name
            if file.suffix not in CODE or name == "documents.py":  # which makes faults up
                continue
            for number, line in enumerate(file.read_text(errors="replace").split("\n"), 1):
                for page in re.findall(r"(?<![\w./-])((?:docs|power|results|experiments)/[\w/-]+\.md)", line):
                    if not (source / page).exists():
                        faults.append(f"{file.relative_to(source)}:{number}: no {page}")
    return faults


def readme_faults(source):
    lines = (source / "README.md").read_text().rstrip("\n").split("\n")
    faults = [f"README.md:{n}: {len(line)} characters" for n, line in enumerate(lines, 1) if len(line) > 120]
    return faults + ([f"README.md: {len(lines)} lines"] if len(lines) > 120 else [])
