"""The rules that keep a request and a helper apart: all that fail, always in the same order.

A reason has a text for everybody, which depends on nothing that is private to the other side, and one for the
coordinator of the branch. Which rule is decided by what is written down in `docs/matching.md`. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class RuleCode(StrEnum):
    """A hard rule; reasons come in this order."""

    KIND = "kind"
    DISTANCE = "distance"
    AVAILABILITY = "availability"
    LANGUAGE = "language"
    GENDER = "gender"
    VETTING = "vetting"
    VETTING_EXPIRED = "vetting-expired"
    EXCLUDED_BY_REQUESTER = "excluded-by-requester"
    EXCLUDED_BY_HELPER = "excluded-by-helper"
    SELF_OR_HOUSEHOLD = "self-or-household"
    MODE = "mode"
    CAPACITY = "capacity"
    OVERLAP = "overlap"
    PARKED = "parked"
    DECLINED = "declined"
    LIVED_EXPERIENCE = "lived-experience"
    BANK_VISIBILITY = "bank-visibility"
