"""The sample world, built: two branches with four years of history, and one family's story in them.

Everything goes through the same use cases that people use: the importer reads the sample files, and every
step of the story has an idempotency key. Building it twice changes nothing.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from timebank.care.beneficiary import Relation
from timebank.clock import SteppingClock
from timebank.errors import NotTheSampleWorld
from timebank.ids import key_of
from timebank.ledger.chart import available
from timebank.reports.importers.model import Layout
from timebank.services.accounts import AccountView
from timebank.services.bank import Bank
from timebank.services.imports import FileFormat
from timebank.services.sample_files import SampleFile, sample_files
from timebank.services.sample_wishes import offer_near, wish_for_help

TODAY = datetime(2026, 1, 12, 9, tzinfo=UTC)
"""When the sample world is built, by its own clock."""
VISIT_AT = datetime(2026, 1, 14, 13, tzinfo=UTC)
PLANNED_MINUTES = 90
HELPED_MINUTES = 75
SPREADSHEET = FileFormat(
    layout=Layout.GENERIC,
    mapping={
        "date": "Date",
        "provider": "Aidant",
        "recipient": "Aidé",
        "hours": "Durée (h)",
        "description": "Quoi",
    },
)
REPORT = FileFormat(layout=Layout.TIMEOVERFLOW)
ADDED = "demo mother"
ASKED = "demo request"
"""Keys by which the story is known again."""
Progress = Callable[[str, int], None]
"""Told (what is being done, rows done)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleWorld:
    """Who plays which part, and what was built."""

    files: tuple[SampleFile, SampleFile]
    son: str
    """Member of `lille`."""
    mother: str
    """Member of `locmine`."""
    helper: str
    """Member of `locmine`."""
    redemption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who plays in a sample world that was built before."""

    son: str
    """Member of `lille`."""
    mother: str
    """Member of `locmine`."""
    helper: str
    """Member of `locmine`."""


def sample_clock() -> SteppingClock:
    """Return the clock of the sample world, which moves a second with every use case."""
    return SteppingClock(TODAY, timedelta(seconds=1))


def build(
    bank: Bank, clock: SteppingClock, *, seed: int, progress: Progress, now: datetime | None = None
) -> SampleWorld:
    """Build the sample world in an empty database, or find the one that is there.

    Args:
        bank: opened with `clock`.
        clock: from `sample_clock`; it is moved along as the story goes.
        seed: same seed, same world.
        progress: told how far the imports are.
        now: when offers and requests are posted, for they would be over soon: the real instant, or right
            after the story if None.

    Raises:
        NotTheSampleWorld: the database has other branches, which are left alone.
    """
    codes = {branch.code for branch in bank.branches.list()}
    if not codes <= {"lille", "locmine"}:
        raise NotTheSampleWorld
    lille, locmine = sample_files(seed)
    for code, name, file, how in (
        ("lille", "Lille", lille, REPORT),
        ("locmine", "Locminé", locmine, SPREADSHEET),
    ):
        if code not in codes:
            bank.branches.create(code, name=name)
        bank.imports.exchanges(
            code,
            io.BytesIO(file.content),
            file_format=how,
            progress=lambda rows, name=name: progress(f"Importing {name}", rows),  # type: ignore[misc]
        )
    world = _play(bank, clock, (lille, locmine))
    if now is not None and now > clock.instant:
        clock.advance(now - clock.instant)
    progress("Wishing for help", 0)
    wish_for_help(bank, seed=seed)
    offer_near(bank, world.mother, seed=seed)
    return world


def cast_of(bank: Bank) -> Cast | None:
    """Return who plays in a database that `timebank demo` made; None for every other one.

    It is known by its story: in these two branches and no other, requests under the demo's own keys led to a
    redemption that was settled, and nobody has joined since. Real books have none of that, or somebody new.
    """
    if {branch.code for branch in bank.branches.list()} != {"lille", "locmine"}:
        return None
    with bank.store.read() as tx:
        asked = tx.books("lille").requests.known([key_of(ASKED)]).get(key_of(ASKED))
        added = tx.books("locmine").requests.known([key_of(ADDED)]).get(key_of(ADDED))
    if asked is None or added is None:
        return None
    redemption = bank.redemptions.show(f"lille-{asked[1]}").redemption
    is_story = (redemption.host_branch, redemption.beneficiary) == ("locmine", added[1])
    if not is_story or redemption.provider is None:
        return None
    people = (*bank.members.list("lille"), *bank.members.list("locmine"))
    if any(person.member.joined_on > VISIT_AT.date() for person in people):
        return None
    return Cast(son=redemption.sponsor, mother=redemption.beneficiary, helper=redemption.provider)


def _play(bank: Bank, clock: SteppingClock, files: tuple[SampleFile, SampleFile]) -> SampleWorld:
    """Play the family's story: consent, hold, help elsewhere, settlement."""
    son = _richest(bank.accounts.list("lille"))
    helper = _richest(bank.accounts.list("locmine"))
    mother = bank.members.add("locmine", name="Mère exemple", ref="mother", key=ADDED).member.ref
    beneficiary = bank.beneficiaries.add(
        "lille",
        sponsor=son,
        relation=Relation.PARENT,
        member=f"{mother}@locmine",
        by=f"member:{son}",
        key="demo beneficiary",
    )
    bank.beneficiaries.consent("lille", beneficiary.no, by=f"member:{mother}@locmine", key="demo consent")
    bank.beneficiaries.check("lille", beneficiary.no, key="demo check")
    asked = bank.redemptions.request(
        "lille",
        beneficiary.no,
        start_at=VISIT_AT,
        minutes=PLANNED_MINUTES,
        kind="company",
        by=f"member:{son}",
        key=ASKED,
    )
    ref = asked.redemption.ref
    bank.redemptions.assign(ref, provider=helper, by="coordinator:desk@locmine", key="demo assign")
    clock.advance(VISIT_AT + timedelta(hours=2) - TODAY)
    bank.redemptions.log(ref, minutes=HELPED_MINUTES, by=f"member:{helper}@locmine", key="demo log")
    bank.redemptions.confirm(ref, by=f"member:{mother}@locmine", key="demo confirm")
    return SampleWorld(files=files, son=son, mother=mother, helper=helper, redemption=ref)


def _richest(accounts: Sequence[AccountView]) -> str:
    """Return the member who gave most help, by what was given before the story began."""
    members = [account for account in accounts if account.path == available(account.path.split(":")[1])]
    most = max(members, key=lambda account: (account.given, account.path))
    return most.path.split(":")[1]
