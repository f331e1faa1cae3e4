"""Documents are tested: what a reader copies from them works, and shows what they say it shows.

In every ```console block the lines that start with `$ ` are run by bash, block after block in one shell and
one empty folder per document, with `timebank` on the PATH. A command must exit with 0, or with N where
`# exit N` stands behind it. The lines below a command must be what it prints, on either stream: `…` stands
for any text in a line, and alone in a line for any number of lines; nothing below it asks for nothing.
A ```python block is run as a script in the same place. `timebank` is the one of `quick_timebank`.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.docs import quick_timebank

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SAMPLES = ROOT / "tests" / "data" / "imports"
FILES = {"transfers.csv": SAMPLES / "timeoverflow-transfers.fr.csv"}
"""Files that documents assume the reader has."""
SHOWN_ONLY = {"", "text", "toml", "json", "csv", "mermaid"}
"""Languages of blocks that are for reading."""
FENCE = re.compile(r"^ *```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"#\s*exit\s+(\d+)\s*$")
SECONDS_MOST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command of a document, and what it is said to do."""

    line: int
    command: str
    status: int = 0
    output: tuple[str, ...] = ()


def steps_of(text: str) -> Iterator[Step]:
    """Yield every command and every script of a document, in its order."""
    for block in FENCE.finditer(text):
        line = text.count("\n", 0, block.start("body")) + 1
        if block["language"] == "console":
            yield from commands_of(block["body"], line)
        elif block["language"] == "python":
            yield Step(
                line=line, command=f"python -W error - <<'END OF SCRIPT'\n{block['body']}END OF SCRIPT"
            )
        else:
            assert block["language"] in SHOWN_ONLY, f"line {line}: a block of {block['language']} is not run"


def commands_of(body: str, first_line: int) -> Iterator[Step]:
    """Yield the commands of a console block; a line that ends with a backslash goes on below."""
    lines = body.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith("$ ")]
    assert starts, f"line {first_line}: a console block without a command"
    assert starts[0] == 0, f"line {first_line}: output before the first command"
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        command = [lines[start].removeprefix("$ ")]
        rest = lines[start + 1 : end]
        while command[-1].endswith("\\"):
            command.append(rest.pop(0))
        status = EXIT.search(command[-1])
        while rest and not rest[-1].strip():
            rest.pop()
        yield Step(
            line=first_line + start,
            command="\n".join(command),
            status=int(status[1]) if status is not None else 0,
            output=tuple(rest),
        )


@pytest.fixture(scope="module")
def tools() -> Iterator[Path]:
    """A folder with a `timebank` that starts at once."""
    with tempfile.TemporaryDirectory(prefix="tb-") as folder:
        address = f"{folder}/line"
        quick_timebank.write_client(Path(folder), address)
        command = [sys.executable, quick_timebank.__file__, address]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None, "it says when it is ready"
            assert server.stdout.readline() == b"ready\n"
            yield Path(folder)
            server.terminate()


def faults_of(text: str, folder: Path, tools: Path) -> list[str]:
    """Run a document in a folder; return what is not as it says."""
    steps = list(steps_of(text))
    if not steps:
        return []
    notes = folder / ".steps"
    notes.mkdir()
    script = "".join(
        f"{{\n{step.command}\n}} >{notes}/{at}.out 2>&1; echo $? >{notes}/{at}.status\n"
        for at, step in enumerate(steps)
    )
    run = ["bash", "--noprofile", "--norc", "-c", script]
    subprocess.run(run, cwd=folder, env=environment(folder, tools), check=False, timeout=SECONDS_MOST)
    return [fault for at, step in enumerate(steps) for fault in step_faults(step, notes, at)]


def environment(folder: Path, tools: Path) -> dict[str, str]:
    """Return the variables of a reader who has just installed timebank."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIMEBANK", "PYTHON"))}
    path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**kept, "PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}


def step_faults(step: Step, notes: Path, at: int) -> Iterator[str]:
    """Yield what one step did otherwise than the document says."""
    place = f"line {step.line}: {step.command.splitlines()[0]}"
    status_file = notes / f"{at}.status"
    if not status_file.exists():
        yield f"{place}\n  was not reached"
        return
    output = (notes / f"{at}.out").read_text(encoding="utf-8")
    status = int(status_file.read_text(encoding="ascii"))
    if status != step.status:
        yield f"{place}\n  exit status {status}, not {step.status}; it printed:\n{output}"
    elif step.output and not is_shown(step.output, output):
        yield f"{place}\n  it printed:\n{output}\n  the document shows:\n" + "\n".join(step.output)


def is_shown(shown: tuple[str, ...], output: str) -> bool:
    """Tell whether a document shows what a command printed, blanks at the ends of lines aside."""
    parts = [
        r"(?:.*\n)*?"
        if line.strip() == "…"
        else r".*?".join(map(re.escape, line.rstrip().split("…"))) + r" *\n"
        for line in shown
    ]
    return re.fullmatch("".join(parts), output if output.endswith("\n") else f"{output}\n") is not None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_says_works(document: Path, tmp_path: Path, tools: Path) -> None:
    """A reader who copies the commands gets what the page promises."""
    for name, sample in FILES.items():
        shutil.copy(sample, tmp_path / name)

    assert [] == faults_of(document.read_text(encoding="utf-8"), tmp_path, tools)


def test_a_document_that_is_wrong_is_found(tmp_path: Path, tools: Path) -> None:
    """The test above is worth something: it sees a wrong status, wrong output and a broken script."""
    text = """
```console
$ export GREETING=hello
$ echo "$GREETING"
hello
$ echo two; \\
echo lines
two
…
$ echo several words here
several … here
$ false  # exit 1
$ true
```
```console
$ false
$ echo one
another
$ true  # exit 3
```
```python
raise SystemExit(1)
```
"""
    faults = faults_of(text, tmp_path, tools)

    assert ["line 16", "line 17", "line 19", "line 22"] == [fault.partition(":")[0] for fault in faults]


def test_a_command_that_ends_the_shell_is_found(tmp_path: Path, tools: Path) -> None:
    """Nothing is skipped silently: what comes after it was not reached."""
    faults = faults_of("```console\n$ exit 0\n$ true\n```\n", tmp_path, tools)

    assert ["was not reached", "was not reached"] == [fault.splitlines()[1].strip() for fault in faults]


@pytest.mark.parametrize("block", ["```console\nls\n```\n", "```sh\nls\n```\n", "```console\n```\n"])
def test_a_block_that_would_not_be_run_is_refused(block: str) -> None:
    """A block in another language, or without `$ `, would be believed without being tried."""
    with pytest.raises(AssertionError):
        list(steps_of(block))


def test_there_are_documents() -> None:
    """A glob that finds nothing proves nothing."""
    assert {"README.md", "concepts.md", "correct-a-mistake.md"} <= {path.name for path in DOCUMENTS}
