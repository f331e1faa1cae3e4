"""Faults: what the library found wrong with a document or a file, line by line, for a problem."""

from typing import Final

from msgspec import Struct

from timebank.errors import ImportRefused, PolicyFault, PolicyInvalid, TimebankError

FAULTS_MOST: Final = 1_000
"""Of a file that is not what it should be, so many lines say enough; the problem says how many there are."""


class Fault(Struct, frozen=True):
    """What is wrong with one field of a body, one parameter, one line of a file."""

    field: str
    """Its path, such as `minutes`, `postings.0.amount`, or `lines.3.Helper` in line 3 of a file."""
    detail: str


def faults_of(error: TimebankError) -> tuple[Fault, ...]:
    """Return all that a refusal lists, in its order; none for most refusals."""
    if isinstance(error, PolicyInvalid):
        return tuple(map(policy_fault, error.faults[:FAULTS_MOST]))
    if isinstance(error, ImportRefused):
        return tuple(
            Fault(
                field=f"lines.{each.line}" + (f".{each.column}" if each.column is not None else ""),
                detail=f"{each.reason} [{each.code}]",
            )
            for each in error.faults[:FAULTS_MOST]
        )
    return ()


def policy_fault(fault: PolicyFault) -> Fault:
    """Return what is wrong with one key of a policy document, or with one line of it."""
    place = fault.key or (f"lines.{fault.line}" if fault.line is not None else "document")
    return Fault(field=place, detail=f"{fault.text} [{fault.code}]")
