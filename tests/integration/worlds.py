"""A small world with rows of every kind, built once for a test run and copied for each test."""

import hashlib
import io
import itertools
import tempfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.builders import NOW, a_bank, help_given

from timebank.care.access import AccessRole
from timebank.care.beneficiary import Relation
from timebank.care.events import EventKind
from timebank.care.mandate import Scope
from timebank.care.profile import Gender, ParkReason, Spot, Travel
from timebank.care.sightings import Sighting
from timebank.care.webhook import ATTEMPTS_MOST, Answer
from timebank.care.week import Week, Window
from timebank.clock import SteppingClock
from timebank.ledger.chart import available
from timebank.ledger.limits import Limits
from timebank.policy.model import Policy
from timebank.policy.writing import write_policy
from timebank.services.bank import Bank

HISTORY = b"""\
date;provider;recipient;minutes;description
2024-05-01;Sample Elder;Sample Friend;60;Sample words about an exchange
2024-05-02;Sample Friend;Sample Elder;45;More sample words
"""
MARKER = "zqxj"
"""In every name, contact and reason of the world, and nowhere else."""


def a_world(folder: Path) -> SteppingClock:
    """Put a copy of the world into a folder as `bank.db`; returns a clock that stands where it ends."""
    content, at = _built()
    (folder / "bank.db").write_bytes(content)
    return SteppingClock(at)


def drawing() -> Callable[[int], bytes]:
    """Return what draws bytes that are the same in every run, and never the same twice."""
    drawn = itertools.count()
    return lambda size: hashlib.shake_256(str(next(drawn)).encode()).digest(size)


@cache
def _built() -> tuple[bytes, datetime]:
    clock = SteppingClock(NOW, timedelta(seconds=1))
    with tempfile.TemporaryDirectory(prefix="timebank-test-") as folder:
        bank = a_bank(Path(folder), clock=clock, draw=drawing())
        _fill(bank, clock)
        bank.close()
        return (Path(folder) / "bank.db").read_bytes(), clock.instant


def _fill(bank: Bank, clock: SteppingClock) -> None:
    _found(bank)
    _help(bank)
    _decide(bank)
    _import(bank)
    _redeem(bank, clock)
    _tell(bank, clock)
    _wish(bank)
    bank.members.erase("lille", "m9")
    _let_in(bank)
    _sign(bank)
    assert bank.audits.run().is_kept


def _sign(bank: Bank) -> None:
    """A checkpoint of the log."""
    with patch("timebank.services.log_keys.token_bytes", bytes):
        bank.log.new_key("lille")
    bank.log.checkpoint("lille")


def _let_in(bank: Bank) -> None:
    """A token, invitations used and not used, a password, a code by mail, a linked subject."""
    with (
        patch("timebank.services.tokens.secrets.token_urlsafe", lambda _: "x" * 43),  # one as another
        patch("timebank.services.invitations.secrets.choice", _letters()),
        patch("timebank.services.sign_in.secrets.randbelow", lambda most: most - 1),
        patch("timebank.services.sign_in.passwords.hash_of", lambda _: "$sample$hash"),
    ):
        bank.tokens.revoke("lille", bank.tokens.issue("lille", role=AccessRole.MEMBER, ref="m1").token.no)
        for ref in ("m1", "m2", "m3"):
            code = bank.invitations.issue("lille", ref=ref).code or ""
            if ref == "m1":
                bank.sign_in.accept(code, password="zebra crossing 7", email=f"m1@{MARKER}.example")
            if ref == "m2":
                bank.sign_in.link(code, issuer="https://login.example", subject="s2")
        bank.sign_in.ask_code("lille", ref="m1")
    with patch("timebank.services.secrets.token_bytes", bytes):
        bank.secrets.of("lille", "cursors")
    seen = Sighting(
        branch="lille",
        at=bank.now(),
        no=1,
        request="r1",
        role="member",
        ref="m1",
        operation="hours_show",
        object="1",
        member="m2",
        mandate=1,
        status=200,
    )
    bank.access_log.write([seen])


def _letters() -> Callable[[str], str]:
    """Return what draws letters one after another instead of at random."""
    drawn = itertools.count()
    return lambda letters: letters[next(drawn) % len(letters)]


def _found(bank: Bank) -> None:
    """Two branches with their members, m1 to m9 in Lille and h1 to h4 in Locminé."""
    bank.branches.create("lille", name="Lille")
    bank.branches.create("locmine", name="Locminé")
    for branch, letter, count in (("lille", "m", 9), ("locmine", "h", 4)):
        for number in range(1, count + 1):
            ref = f"{letter}{number}"
            bank.members.add(
                branch,
                name=f"Sample {MARKER} {ref}",
                email=f"{ref}@{MARKER}.example",
                phone=f"+33 {MARKER} {number}",
                ref=ref,
                joined_on=date(2026, 1, 1),
                key=f"join {ref}",
            )


def _help(bank: Bank) -> None:
    """Service records in every state: 1 to 10 in Lille."""
    hours, day = bank.hours, timedelta(days=1)
    assert 1 == help_given(bank, minutes=90)
    assert 2 == help_given(bank, minutes=600, provider="m3", recipient="m1", ago=2 * day)
    hours.correct("lille", 2, minutes=540, reason=f"{MARKER} both agree")
    assert 3 == help_given(bank, minutes=60, provider="m4", recipient="m2", ago=3 * day)
    hours.decide("lille", 3, is_confirmed=False, reason=f"{MARKER} it was another day")
    for number, ago in ((4, 4), (5, 5), (6, 6), (7, 7), (8, 8)):
        done = hours.log(
            "lille",
            provider="m5",
            recipient="member:m2",
            minutes=45,
            kind="company",
            start_at=bank.now() - ago * day,
            by="member:m5",
            key=f"log {number}",
        )
        assert number == done.record.no
    hours.correct("lille", 4, minutes=30, by="member:m2")
    hours.dispute("lille", 5, reason=f"{MARKER} it was shorter", by="member:m2")
    hours.reject("lille", 6, reason=f"{MARKER} I was away", by="member:m2")
    hours.withdraw("lille", 7, by="member:m5")
    hours.decide("lille", 5, is_confirmed=True, minutes=30, reason=f"{MARKER} by phone")
    bank.accounts.open("lille", "fund:solidarity")
    hours.log(
        "lille",
        provider="m6",
        recipient="fund:solidarity",
        minutes=120,
        kind="meeting",
        start_at=bank.now() - 9 * day,
        by="member:m6",
    )
    hours.confirm("lille", 9)
    hours.log(
        "lille",
        provider="m7",
        recipient="member:m8",
        minutes=30,
        kind="reading",
        unit="svc",
        start_at=bank.now() - day,
        by="member:m8",
    )
    hours.confirm("lille", 10, by="member:m7")


def _decide(bank: Bank) -> None:
    """Transfers, one of them reversed, limits, overrides, a second policy, an account that is closed."""
    moved = bank.transfers.transfer(
        "lille",
        debit_path="fund:solidarity",
        credit_path=available("m8"),
        minutes=20,
        reason=f"{MARKER} a gift",
        key="gift",
    )
    bank.transfers.transfer(
        "lille",
        debit_path="fund:solidarity",
        credit_path=available("m9"),
        minutes=15,
        reason=f"{MARKER} another gift",
    )
    bank.entries.reverse("lille", moved.seq, reason=f"{MARKER} given twice", key="undo gift")
    bank.accounts.limit(
        "lille", available("m1"), limits=Limits(floor=-1200, ceiling=9000), why=f"{MARKER} board"
    )
    bank.accounts.limit(
        "lille", available("m1"), limits=Limits(floor=-900, ceiling=9000), why=f"{MARKER} board"
    )
    bank.accounts.override(
        "lille", available("m2"), floor=-3000, until_at=NOW + timedelta(days=30), why=f"{MARKER} hospital"
    )
    bank.policies.set("lille", write_policy(Policy()) + "\n# second\n", effective_on=date(2026, 7, 1))
    bank.accounts.open("lille", "fund:club-tea")
    bank.accounts.close("lille", "fund:club-tea")


def _wish(bank: Bank) -> None:
    """A request for a day that was withdrawn, one week by week, and an offer."""
    at = bank.now() + timedelta(days=30)
    week = Week.of([Window.parse("thu 14:00-17:00")])
    facts: dict[str, Any] = {"kind": "company", "note": f"{MARKER} in the afternoon"}
    bank.help_requests.post(
        "lille",
        member="m1",
        minutes=60,
        earliest_at=at,
        latest_at=at + timedelta(hours=3),
        by="member:m1",
        **facts,
    )
    bank.help_requests.withdraw("lille", 1, reason=f"{MARKER} by phone")
    bank.help_requests.post("lille", member="m2", minutes=60, week=week, by="member:m2", **facts)
    bank.help_offers.post("lille", member="m3", minutes_per_week=120, week=week, by="member:m3", **facts)
    _meet(bank)


def _meet(bank: Bank) -> None:
    """What people say of themselves; m4 said no to m2, and yes to m1."""
    week = Week.of([Window.parse("thu 14:00-17:00")])
    near: dict[str, Any] = {"home": Spot.parse("50.63,3.06"), "languages": ["fr"], "teams": ["tea"]}
    bank.profiles.set(
        "lille", "m2", reason=f"{MARKER} by phone", wished_gender=Gender.WOMAN, household="h1", **near
    )
    near |= {"household": "h2", "gender": Gender.WOMAN, "travel": Travel.BICYCLE, "reach_metres": 3_000}
    bank.profiles.set("lille", "m4", day_minutes=180, rest_minutes=30, by="member:m4", **near)
    bank.profiles.declare("lille", "m4", "bereavement", is_consented=True, by="member:m4")
    bank.profiles.clear("lille", "m4", "honourability", expires_on=date(2028, 1, 1))
    bank.profiles.exclude("lille", "m4", "m7", by="member:m4")
    facts: dict[str, Any] = {"kind": "company", "week": week}
    bank.help_offers.post("lille", member="m4", minutes_per_week=120, by="member:m4", **facts)
    bank.help_requests.post("lille", member="m1", minutes=30, by="member:m1", **facts)
    asked: dict[str, Any] = {"place": Spot.parse("50.635,3.065"), "languages": ["fr"], "team": "tea"}
    asked |= {"experience": "bereavement", "clearances": ["honourability"], "wished_gender": Gender.WOMAN}
    for request, member in ((2, "m2"), (3, "m1")):
        bank.wishes.set("lille", request, by=f"member:{member}", **asked)
        bank.matches.offer("lille", request, "m4", key=f"match {request}")
    bank.matches.decline("lille", 1, ParkReason.NO_TIME, by="member:m4")
    bank.profiles.park("lille", "m4", "m3", until_on=date(2027, 1, 1))
    bank.matches.accept("lille", 2, reason=f"{MARKER} by phone")


def _import(bank: Bank) -> None:
    bank.imports.exchanges("locmine", io.BytesIO(HISTORY))


def _redeem(bank: Bank, clock: SteppingClock) -> None:
    """Redemptions of m3: settled in part, corrected, cancelled late, called off, expired, and pending."""
    bank.mandates.grant(
        "locmine",
        principal="h1",
        holder="m3@lille",
        basis="family-authorisation",
        scopes=[Scope.VIEW, Scope.CONFIRM],
    )
    for no, member in ((1, "h1@locmine"), (2, "m8")):
        relation = Relation.PARENT if no == 1 else Relation.SIBLING
        bank.beneficiaries.add("lille", sponsor="m3", relation=relation, member=member, by="member:m3")
        bank.beneficiaries.consent("lille", no, by=f"member:{member}")
        bank.beneficiaries.check("lille", no)
    for no, beneficiary, days in ((1, 1, 2), (2, 2, 3), (3, 1, 4), (4, 1, 5), (5, 2, 6), (6, 1, 80)):
        done = bank.redemptions.request(
            "lille",
            beneficiary,
            start_at=clock.instant + timedelta(days=days),
            minutes=60,
            kind="company",
            by="member:m3",
            key=f"request {no}",
        )
        assert f"lille-{no}" == done.redemption.ref
    for no, provider in ((1, "h2"), (3, "h3"), (4, "h2")):
        bank.redemptions.assign(f"lille-{no}", provider=provider, by="coordinator:desk@locmine")
    bank.redemptions.assign("lille-2", provider="m4")
    bank.redemptions.cancel("lille-5", by="member:m3")
    clock.advance(timedelta(days=3, hours=2))
    bank.redemptions.log("lille-1", minutes=45, by="member:h2@locmine")
    bank.redemptions.confirm("lille-1", by="member:h1@locmine")
    bank.redemptions.log("lille-2", minutes=60, by="member:m4")
    bank.redemptions.confirm("lille-2", by="member:m8")
    bank.hours.correct(
        "locmine", 1, minutes=60, reason=f"{MARKER} an hour after all", by="coordinator:desk@locmine"
    )
    bank.hours.correct("lille", 11, minutes=30, reason=f"{MARKER} half of it")
    clock.advance(timedelta(hours=20))
    bank.redemptions.cancel("lille-3", by="member:m3")
    clock.advance(timedelta(days=2))
    bank.redemptions.log("lille-4", minutes=30, by="member:h2@locmine")


def _tell(bank: Bank, clock: SteppingClock) -> None:
    """A webhook that hears of new rules, and did not take one."""
    with patch("timebank.services.webhooks.secrets.token_bytes", lambda count: b"x" * count):
        bank.webhooks.add("lille", url="https://receiver.example/hours", kinds=[EventKind.POLICY_SET])
    bank.policies.set("lille", write_policy(Policy()) + "\n# third\n")
    with patch("timebank.services.deliveries.secrets.randbelow", lambda _: 0):
        for _ in range(ATTEMPTS_MOST):
            bank.deliveries.deliver_all(lambda _url, _message: Answer(said="500", is_taken=False))
            clock.advance(timedelta(hours=31))
