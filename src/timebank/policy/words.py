"""The words that keys of a policy choose from. Pure."""

from enum import StrEnum


class RoundingMode(StrEnum):
    """How a length between two steps is counted."""

    NEAREST = "nearest"
    """To the nearer step; half a step counts up."""
    UP = "up"
    DOWN = "down"


class ServiceMode(StrEnum):
    """How help reaches the recipient."""

    IN_PERSON = "in-person"
    PHONE = "phone"
    VIDEO = "video"
    MAIL = "mail"
    SMS = "sms"


class Confirmer(StrEnum):
    """Who can confirm a service record."""

    OTHER_SIDE = "other-side"
    """Provider or recipient, whichever did not log it."""
    COORDINATOR = "coordinator"


class Overlap(StrEnum):
    """What happens to a record whose hours overlap another of the same provider (I-8)."""

    REFUSE = "refuse"
    FLAG = "flag"
    ALLOW = "allow"


class Relation(StrEnum):
    """What a beneficiary is to the sponsor."""

    SELF = "self"
    SPOUSE = "spouse"
    PARTNER = "partner"
    PARENT = "parent"
    GRANDPARENT = "grandparent"
    CHILD = "child"
    SIBLING = "sibling"
    NAMED = "named"
    """A person the sponsor designates, related or not."""


class FreeUntil(StrEnum):
    """Until when cancelling is free."""

    DAY_BEFORE = "day-before"
    """The end of the day before the visit, in the branch's time zone."""
    START = "start"
    """The planned start, which itself counts as late."""


class NoShow(StrEnum):
    """What a visit costs that nobody cancelled and that failed on the beneficiary's side."""

    PLANNED = "planned"
    NONE = "none"


class Combining(StrEnum):
    """How the rate of a kind of help and the rate of the time go together."""

    SUM = "sum"
    """What each adds to 1 adds up: 8/7 and 8/7 make 9/7."""
    PRODUCT = "product"
    HIGHER = "higher"


class FractionMode(StrEnum):
    """What becomes of a part of a minute that a rate leaves."""

    HALF_UP = "half-up"
    UP = "up"
    DOWN = "down"


class Over(StrEnum):
    """What happens to hours beyond a cap."""

    REFUSE = "refuse"
    FUND = "fund"
    """The helper keeps what is within the cap; the rest goes to the fund for surplus."""


class Surplus(StrEnum):
    """What happens to hours beyond a member's ceiling."""

    REFUSE = "refuse"
    FUND = "fund"
