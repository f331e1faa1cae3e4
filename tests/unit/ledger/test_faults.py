"""The table of faults names every code that the audit can report, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import timebank
from timebank.ledger.faults import FAULTS

SOURCE = Path(timebank.__file__).parent
CODE = re.compile(r"[a-z][a-z_]*[a-z]")


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield where the code of a fault is written, and a pattern of the codes that this place can report."""
    for room in ("ledger", "reports", "services"):
        for file in sorted((SOURCE / room).glob("*.py")):
            for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and _name_of(call.func) in {"Fault", "fault"}:
                    # Fault(place, code, detail), but self.fault(code, place, detail)
                    code = call.args[1 if _name_of(call.func) == "Fault" else 0]
                    if not isinstance(code, ast.Name):
                        yield f"{file.name}:{call.lineno}", re.compile(_pattern_of(code))


def _name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _pattern_of(code: ast.expr) -> str:
    if isinstance(code, ast.JoinedStr):
        return "".join(_pattern_of(part) for part in code.values)
    return re.escape(str(code.value)) if isinstance(code, ast.Constant) else "[a-z]+"


def test_every_code_that_is_reported_has_a_meaning() -> None:
    """A fault that nobody can look up frightens for nothing."""
    places = list(patterns())

    assert len(places) > 40, "the codes are found where they are reported"
    assert [] == [place for place, pattern in places if not any(map(pattern.fullmatch, FAULTS))]


def test_every_meaning_belongs_to_a_code_that_is_reported() -> None:
    """A table that outlives its codes is not believed."""
    known = [pattern for _, pattern in patterns()]

    assert [] == [code for code in FAULTS if not any(pattern.fullmatch(code) for pattern in known)]


def test_codes_are_words_and_meanings_are_clauses() -> None:
    """Codes are stable API; meanings stand in a table."""
    for code, meaning in FAULTS.items():
        assert CODE.fullmatch(code)
        assert meaning[0].islower() or meaning.startswith("SQLite")
        assert not meaning.endswith(".")
