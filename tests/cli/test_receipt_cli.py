"""Receipts on the command line: made from real books, checked without them, refused when anything differs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.running import Done, run

import timebank


@pytest.fixture
def receipt(address: str, tmp_path: Path) -> tuple[Path, str]:
    """A receipt of the sample entry, and the log's public key."""
    assert 0 == run("--db", address, "log", "key", "new", "--branch", "lille").status
    file = tmp_path / "r.json"
    done = run("--db", address, "receipt", "1", "-b", "lille", "-o", str(file), "--json")
    assert (0, "") == (done.status, done.err)
    (key,) = done.json["keys"]
    return file, key


def outside(folder: Path, *arguments: str) -> Done:
    """Run `timebank` in a process of its own, in a folder without any database."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIMEBANK")}
    done = subprocess.run(
        [sys.executable, "-m", "timebank", *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(Path(timebank.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(status=done.returncode, out=done.stdout, err=done.stderr)


def test_a_receipt_is_checked_without_the_database(
    receipt: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A family's computer has the file and the key, and nothing of the bank."""
    file, key = receipt
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(file, elsewhere / "mine.json")
    (elsewhere / "lille.key").write_text(f"# from the branch's page\n{key}\n", encoding="utf-8")

    done = outside(elsewhere, "verify", "mine.json", "--key", "lille.key")
    asked = outside(elsewhere, "verify", "mine.json", f"--key={key}", "--json")

    assert (0, "") == (done.status, done.err)
    assert done.out.startswith("Entry 1 (service) was recorded on ")
    assert {"ok": True, "reason": None} == {name: asked.json[name] for name in ("ok", "reason")}
    assert json.loads(file.read_bytes())["summary"] == asked.json["summary"]


def test_both_ways_of_starting_answer_alike(receipt: tuple[Path, str]) -> None:
    """The quick way is Typer's command, without Typer."""
    file, key = receipt
    words = ("verify", str(file), "--key", key)

    assert outside(file.parent, *words) == run(*words)
    assert outside(file.parent, *words, "--json") == run(*words, "--json")


def test_a_checked_receipt_loads_neither_typer_nor_the_database(receipt: tuple[Path, str]) -> None:
    """It should take hardly longer than loading the signature library."""
    file, key = receipt
    statement = (
        "import sys\nfrom timebank.cli import start\n"
        f"sys.argv = ['timebank', 'verify', {str(file)!r}, '--key', {key!r}]\n"
        "try:\n    start.run()\nfinally:\n    print(*sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", statement], capture_output=True, text=True, check=True)

    loaded = set(done.stdout.splitlines()[-1].split())
    assert set() == loaded & {"typer", "rich", "sqlalchemy", "dataclasses", "timebank.errors", "argparse"}


def test_a_later_receipt_agrees_with_the_one_that_was_kept(receipt: tuple[Path, str], address: str) -> None:
    """Nothing up to the older checkpoint was rewritten; without the proof that cannot be said."""
    file, key = receipt
    bank = timebank.open(address)
    bank.transfers.transfer(
        "lille",
        debit_path="member:m1:available",
        credit_path="member:m2:available",
        minutes=10,
        reason="sample",
    )
    bank.close()
    linked, alone = file.with_name("linked.json"), file.with_name("alone.json")
    made = run("--db", address, "receipt", "2", "-b", "lille", "-o", str(linked), "--since", str(file))
    assert (0, "") == (made.status, made.err)
    assert 0 == run("--db", address, "receipt", "2", "-b", "lille", "-o", str(alone)).status

    good = run("verify", str(linked), "--key", key, "--against", str(file))
    bad = run("verify", str(alone), "--key", key, "--against", str(file), "--json")

    assert 0 == good.status
    assert "nothing up to entry 1 has been rewritten since" in good.out
    assert (4, "not_linked") == (bad.status, bad.json["reason"])


def test_whatever_differs_is_refused_with_its_reason(receipt: tuple[Path, str]) -> None:
    """A script learns why; a person reads a sentence."""
    file, key = receipt
    data = file.read_bytes()
    name, _, rest = key.partition("+")
    changes = {
        "wrong_root": data.replace(b"90 min", b"80 min"),
        "malformed": data.replace(b'"parts"', b'"format": "timebank-receipt/1", "parts"'),
        "unknown_format": data.replace(b"receipt/1", b"receipt/2"),
        "too_large": b" " * (1 << 20) + data,
        "wrong_summary": data.replace(b"90 minutes", b"80 minutes"),
        "wrong_index": data.replace(b"index 0", b"index 1"),
    }
    for reason, changed in changes.items():
        assert changed != data, reason
        file.write_bytes(changed)

        done = run("verify", str(file), "--key", key, "--json")

        assert (4, False, reason) == (done.status, done.json["ok"], done.json["reason"])
        assert done.err.startswith("timebank: the receipt is not proved: ")
        assert done.err.endswith(f" [{reason}]\n")
    for changed in (
        data[:-1],
        data + b" ",
        data[: len(data) // 2],
        b"",
        b"\xff",
        json.dumps(json.loads(data)).encode(),
    ):
        file.write_bytes(changed)
        assert 4 == run("verify", str(file), "--key", key).status
    file.write_bytes(data)
    other = run("verify", str(file), "--key", "x.example+" + rest)
    assert (2, True) == (other.status, "[bad_log_key]" in other.err)
    assert name == "lille.timebank"


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["none.json", "--key", "KEY"], 3, "no_such_file"),
        (["r.json", "--key", "none.key"], 3, "no_such_file"),
        (["r.json", "--key", "KEY", "--against", "none.json"], 3, "no_such_file"),
        (["r.json", "--key", "r.json"], 2, "bad_log_key"),
        (["r.json", "--key", "a+b+c"], 2, "bad_log_key"),
        (["r.json"], 2, "usage"),
        (["--key", "KEY"], 2, "usage"),
        (["r.json", "--key", "KEY", "--nonsense"], 2, "usage"),
        ([".", "--key", "KEY"], 2, "unreadable_file"),
    ],
)
def test_a_wrong_command_line_is_told_from_a_wrong_receipt(
    words: list[str], status: int, code: str, receipt: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 4 says something about the books; a mistyped name must not."""
    file, key = receipt
    monkeypatch.chdir(file.parent)

    done = run("verify", *(key if word == "KEY" else word for word in words))

    assert (status, "") == (done.status, done.out)
    assert f"[{code}]" in done.err


@pytest.mark.parametrize(
    "words",
    [[], ["1"], ["-b", "lille"], ["1", "-b", "lille", "--redemption", "lille-1"], ["--redemption", "x"]],
)
def test_a_receipt_is_of_one_entry_or_one_redemption(words: list[str], address: str, tmp_path: Path) -> None:
    """Half of what is needed is not guessed."""
    done = run("--db", address, "receipt", *words, "-o", str(tmp_path / "r.json"))

    assert (2, "") == (done.status, done.out)
    assert not (tmp_path / "r.json").exists()


def test_no_receipt_without_a_key_or_an_entry(address: str, tmp_path: Path) -> None:
    """Nothing is written that would not verify."""
    output = str(tmp_path / "r.json")

    assert "[no_log_key]" in run("--db", address, "receipt", "1", "-b", "lille", "-o", output).err
    assert 3 == run("--db", address, "receipt", "99", "-b", "lille", "-o", output).status
    assert not (tmp_path / "r.json").exists()


def test_a_file_that_is_there_is_kept(receipt: tuple[Path, str], address: str) -> None:
    """The receipt of last year is the one that a later one is checked against."""
    file, _ = receipt
    before = file.read_bytes()

    again = run("--db", address, "receipt", "1", "-b", "lille", "-o", str(file))

    assert (1, before) == (again.status, file.read_bytes())
    assert 0 == run("--db", address, "receipt", "1", "-b", "lille", "-o", str(file), "--force").status


def test_the_page_prints_french_and_japanese_and_names_nobody_unasked(address: str, tmp_path: Path) -> None:
    """A page that shows boxes instead of a name is thrown away (I-10: names on request only)."""
    bank = timebank.open(address)
    bank.log.new_key("lille")
    bank.close()
    sizes = []
    for words in ([], ["--names"]):
        page = tmp_path / f"page{len(words)}.pdf"
        output = str(tmp_path / f"r{len(words)}.json")
        done = run("--db", address, "receipt", "1", "-b", "lille", "-o", output, "--pdf", str(page), *words)
        assert (0, "") == (done.status, done.err)
        assert page.read_bytes().startswith(b"%PDF-")
        sizes.append(page.stat().st_size)

    assert sizes[0] < sizes[1]
    assert (tmp_path / "r0.json").read_bytes() == (tmp_path / "r1.json").read_bytes()
