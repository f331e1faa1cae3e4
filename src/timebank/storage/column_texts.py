"""The texts of entries whose headers and postings come by column, and the leaves that they hash to.

No call of ours for each entry: this runs a million times in a large branch.
"""

import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from timebank.ledger.audit import StoredEntry
from timebank.ledger.canonical import VERSION_1, VERSION_2, head_text
from timebank.ledger.quick import PREFIX

FACTS: Final = StoredEntry._fields[:-1]
"""The columns of a header that its text is made of, in their order."""
FREE: Final = ("seq", "step", "effective_us", "effective_on")
"""Those that vary in a history that was imported."""
DETAILS: Final = "details"
PLAIN: Final = tuple(name for name in FACTS if name != DETAILS)
MARK: Final = "\0"
NO_DETAILS: Final = "-"


def heads_of(
    branch: str, same: Mapping[str, Any], columns: Mapping[str, Sequence[str]], count: int
) -> list[str]:
    """Write the texts of headers, with the prefix of a leaf.

    Args:
        branch: its code.
        same: the columns that are the same throughout, and their values.
        columns: all columns, each value written as in the text, a minus for no details; one for all where
            they are the same.
        count: how many there are.
    """
    all_of = {name: [each[0]] * count if name in same else each for name, each in columns.items()}
    details = all_of.pop(DETAILS)
    facts: list[Any] = [MARK if name in FREE else same.get(name, MARK) for name in PLAIN]
    parts = head_text(branch, *facts).split(MARK)
    if DETAILS in same and len(parts) == len(FREE) + 1:
        opening, before_step, before_instant, _, after = PREFIX + parts[0], *parts[1:]
        return [
            f"{opening}{seq}{before_step}{step}{before_instant}{instant} {day}{after}"
            for seq, step, instant, day in zip(*(all_of[name] for name in FREE), strict=True)
        ]
    plain, fuller = (f"{PREFIX}{version}\n{branch} " for version in (VERSION_1, VERSION_2))
    if DETAILS in same:
        openings, ends = [plain] * count, [""] * count
    else:
        openings = [plain if each == NO_DETAILS else fuller for each in details]
        ends = ["" if each == NO_DETAILS else f"{DETAILS} {each}\n" for each in details]
    return [
        f"{opening}{seq}\n{kind} {cause_kind} {cause_ref} {step}\n"
        f"effective {effective_us} {effective_on}\nrecorded {recorded_us}\npolicy {policy}\n"
        f"by {actor}\nreverses {reverses}\nhelp {helps}\n{end}"
        for (
            opening,
            end,
            seq,
            kind,
            cause_kind,
            cause_ref,
            step,
            effective_us,
            effective_on,
            recorded_us,
            policy,
            actor,
            reverses,
            helps,
        ) in zip(openings, ends, *(all_of[name] for name in PLAIN), strict=True)
    ]


def leaves_of_pairs(
    heads: Sequence[str],
    amounts: Sequence[str],
    accounts: Sequence[str],
    versions: Sequence[str],
    balances: Sequence[str],
) -> bytes:
    """Return the leaves of entries, all in one, that have a debit and a credit each, in this order.

    Args:
        heads: their texts before the postings.
        amounts: of the postings, one by one.
        accounts: unit and path, with spaces around.
        versions: of the accounts.
        balances: of the accounts.
    """
    sha256 = hashlib.sha256
    columns = (amounts, accounts, versions, balances)
    return b"".join(
        [
            sha256(
                f"{head}debit {debited}{payer}{version} {balance}\n"
                f"credit {credited}{payee}{other_version} {other_balance}\n".encode()
            ).digest()
            for (
                head,
                debited,
                payer,
                version,
                balance,
                credited,
                payee,
                other_version,
                other_balance,
            ) in zip(heads, *(each[half::2] for half in (0, 1) for each in columns), strict=True)
        ]
    )


def leaves_of(heads: Sequence[str], starts: Sequence[int], *columns: Sequence[str]) -> bytes:
    """Return the leaves of entries, all in one, of any shape.

    Args:
        heads: their texts before the postings.
        starts: where the postings of each begin.
        columns: sides and, as in `leaves_of_pairs`, amounts, accounts, versions and balances.
    """
    sha256 = hashlib.sha256
    lines = [
        f"{side} {amount}{account}{version} {balance}\n"
        for side, amount, account, version, balance in zip(*columns, strict=True)
    ]
    return b"".join(
        [
            sha256("".join((head, *lines[start:end])).encode()).digest()
            for head, (start, end) in zip(heads, pairwise((*starts, len(lines))), strict=True)
        ]
    )
