"""Programs we did not write, as judges of what we export: hledger and ledger, where they are installed."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

needs_hledger = pytest.mark.skipif(
    shutil.which("hledger") is None,
    reason="hledger is not installed: no outside check of the hledger journal",
)
needs_ledger = pytest.mark.skipif(
    shutil.which("ledger") is None, reason="ledger is not installed: no outside check of the ledger journal"
)
Balances = dict[tuple[str, str], str]
"""(account, commodity) to the amount as written, without zeros."""


def hledger_balances(file: Path) -> Balances:
    """Return the balances that hledger computes, after all its strict checks."""
    found = json.loads(_run("hledger", "-s", "-f", str(file), "balance", "--flat", "-O", "json"))
    return {
        (row[0], amount["acommodity"]): _decimal(**amount["aquantity"])
        for row in found[0]
        for amount in row[3]
        if amount["aquantity"]["decimalMantissa"] != 0
    }


def hledger_entries(file: Path) -> list[dict[str, Any]]:
    """Return the entries as hledger prints them; amounts as they were written, for it may pad decimals."""
    found: list[dict[str, Any]] = json.loads(_run("hledger", "-s", "-f", str(file), "print", "-O", "json"))
    return found


def _decimal(*, decimalMantissa: int, decimalPlaces: int, **_float: float) -> str:  # noqa: N803 - hledger's
    """Write a number exactly; hledger also gives it as a float, which nobody wants."""
    if decimalPlaces == 0:
        return str(decimalMantissa)
    sign = "-" if decimalMantissa < 0 else ""
    digits = str(abs(decimalMantissa)).rjust(decimalPlaces + 1, "0")
    return f"{sign}{digits[:-decimalPlaces]}.{digits[-decimalPlaces:]}"


def hledger_complaint(file: Path) -> str:
    """Return what hledger says of a journal that it refuses, empty if it does not."""
    return _complaint("hledger", "-s", "-f", str(file), "check")


def ledger_balances(file: Path) -> Balances:
    """Return the balances that ledger computes, with all its checks on."""
    plain = ("ledger", "--args-only", "--pedantic", "-f", str(file), "balance", "--flat", "--no-total")
    found: Balances = {}
    account = ""
    for line in _run(*plain, "--format", "%(account)|%(display_total)\n").splitlines():
        before, bar, after = line.rpartition("|")
        account = before if bar else account
        number, _, commodity = after.strip().partition(" ")
        found[account, commodity] = number
    return {key: number for key, number in found.items() if key[1]}


def ledger_complaint(file: Path) -> str:
    """Return what ledger says of a journal that it refuses, empty if it does not."""
    return _complaint("ledger", "--args-only", "--pedantic", "-f", str(file), "balance")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def _complaint(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""
