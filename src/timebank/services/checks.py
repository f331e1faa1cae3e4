"""Checks of the doctor: what was looked at, how it came out, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    """It works, but somebody should look at it."""
    FAIL = "fail"
    """Timebank cannot work like this, or the books are in danger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at; `advice` says what to do unless all is well."""

    name: str
    verdict: Verdict
    found: str
    advice: str | None = None


def well(name: str, found: str) -> Check:
    """Return a check that came out well."""
    return Check(name=name, verdict=Verdict.OK, found=found)


def warned(name: str, found: str, advice: str) -> Check:
    """Return a check that somebody should look at."""
    return Check(name=name, verdict=Verdict.WARN, found=found, advice=advice)


def failed(name: str, found: str, advice: str) -> Check:
    """Return a check that came out badly."""
    return Check(name=name, verdict=Verdict.FAIL, found=found, advice=advice)
