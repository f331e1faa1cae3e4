"""What redemptions refuse, with which code; and that refusals, repeated keys and dry runs change nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.family import (
    DESK,
    EARNED,
    FRIEND,
    HELPER,
    HOST_DESK,
    MOTHER,
    NEIGHBOUR,
    SON,
    SON_FOR_MOTHER,
    Family,
    a_policy,
    copied,
    dump_of,
)

from timebank.care.beneficiary import Relation
from timebank.care.mandate import Scope
from timebank.errors import TimebankError
from timebank.policy.model import LimitRule, Limits, RedemptionRules, ServiceRules
from timebank.policy.words import Relation as PolicyRelation
from timebank.services.bank import open_bank

Doing = Callable[..., object]
"""Takes a family, and for a write an idempotency key as `key`."""


@pytest.fixture
def family(family_file: Path, tmp_path: Path) -> Iterator[Family]:
    """Return a family at the beginning; that nothing changed is proven row by row, without an audit."""
    found = copied(family_file, tmp_path / "bank.db")
    yield found
    found.check_quickly()
    found.bank.close()


# --- How it begins --------------------------------------------------------------------------------------


def nothing(_family: Family) -> None:
    """Begin as everybody does: hours, a mother with consent and check, her mandate."""


def requested(family: Family) -> None:
    """Somebody was asked for."""
    family.request()


def assigned(family: Family) -> None:
    """Somebody was found."""
    family.assigned()


def logged(family: Family) -> None:
    """The helper says that it is done."""
    family.logged()


def settled(family: Family) -> None:
    """The mother agrees."""
    family.settled()


def disputed(family: Family) -> None:
    """The mother does not agree."""
    family.bank.redemptions.dispute(family.logged(), reason="no", by=MOTHER)


def cancelled(family: Family) -> None:
    """The son has called it off."""
    family.bank.redemptions.cancel(family.request(), by=SON)


def forgotten(family: Family) -> None:
    """Nobody came until the deadline."""
    family.assigned()
    family.wait_until(family.clock.instant + timedelta(days=91))


def all_spent(family: Family) -> None:
    """Everything down to the floor is held."""
    family.request(minutes=EARNED)
    family.request(minutes=600)


def brother(family: Family) -> None:
    """A second beneficiary, not asked yet."""
    family.bank.beneficiaries.add(
        "lille", sponsor="m1", relation=Relation.SIBLING, member="m3@locmine", by=SON
    )


def brother_agreed(family: Family) -> None:
    """A second beneficiary, not checked yet."""
    brother(family)
    family.bank.beneficiaries.consent("lille", 2, by=FRIEND)


def brother_in_a_branch_for_parents(family: Family) -> None:
    """A second beneficiary of whom the branch's policy does not know."""
    rules = RedemptionRules(relations=(PolicyRelation.PARENT,))
    family.bank.policies.set("lille", a_policy(redemption=rules), by=DESK)
    brother_agreed(family)
    family.bank.beneficiaries.check("lille", 2, by=DESK)


def revoked(family: Family) -> None:
    """The mother wants none of it any more."""
    family.bank.beneficiaries.revoke("lille", 1, by=MOTHER)


def gardeners(family: Family) -> None:
    """The host's policy knows one kind of help."""
    document = a_policy(service=ServiceRules(kinds=("garden",)))
    family.bank.policies.set("locmine", document, by=HOST_DESK)


def latecomer(family: Family) -> None:
    """Somebody who joins next month."""
    joined_on = family.clock.instant.date() + timedelta(days=30)
    family.bank.members.add("lille", name="Sample Latecomer", ref="late", joined_on=joined_on)


def corrected_beyond_hold(family: Family) -> None:
    """The helper says that it was longer than asked for."""
    family.logged(minutes=60)
    family.bank.hours.correct("locmine", 1, minutes=90, by="member:m2")


def logged_at_a_low_ceiling(family: Family) -> None:
    """The helper's account has no room for an hour."""
    limits = Limits(member=LimitRule(ceiling_minutes=45))
    family.bank.policies.set("locmine", a_policy(limits=limits), by=HOST_DESK)
    family.logged()


def mandate_revoked(family: Family) -> None:
    """The mother speaks for herself again."""
    family.logged()
    family.bank.mandates.revoke("locmine", 1, by=MOTHER)


def helper_is_proxy(family: Family) -> None:
    """The mother has given the helper a mandate to confirm."""
    family.bank.mandates.grant(
        "locmine", principal="m1", holder="m2", basis="neighbour", scopes={Scope.CONFIRM}, by=MOTHER
    )
    family.logged()


# --- What is tried --------------------------------------------------------------------------------------


def redeem(verb: str, ref: str = "lille-1", **facts: Any) -> Doing:  # noqa: ANN401
    """Return an act on a redemption."""
    return lambda family, **more: getattr(family.bank.redemptions, verb)(ref, **facts, **more)


def hours(verb: str, **facts: Any) -> Doing:  # noqa: ANN401
    """Return an act on the first service record of Locminé."""
    return lambda family, **more: getattr(family.bank.hours, verb)("locmine", 1, **facts, **more)


def beneficiary(verb: str, *numbers: int, **facts: Any) -> Doing:  # noqa: ANN401
    """Return an act on a beneficiary of Lille."""
    return lambda family, **more: getattr(family.bank.beneficiaries, verb)("lille", *numbers, **facts, **more)


def mandate(verb: str, *numbers: int, **facts: Any) -> Doing:  # noqa: ANN401
    """Return an act on a mandate of Locminé."""
    return lambda family, **more: getattr(family.bank.mandates, verb)("locmine", *numbers, **facts, **more)


def hold(verb: str, *numbers: int, **facts: Any) -> Doing:  # noqa: ANN401
    """Return an act on a hold of Lille."""
    return lambda family, **more: getattr(family.bank.holds, verb)("lille", *numbers, **facts, **more)


def ask(beneficiary_no: int = 1, *, days: int = 3, **facts: Any) -> Doing:  # noqa: ANN401
    """Return a request."""
    asked = {"minutes": 60, "kind": "shopping", "by": SON, **facts}

    def do(family: Family, **more: Any) -> object:  # noqa: ANN401
        start_at = family.clock.instant + timedelta(days=days)
        return family.bank.redemptions.request("lille", beneficiary_no, start_at=start_at, **asked, **more)

    return do


def name(member: str, **facts: Any) -> Doing:  # noqa: ANN401
    """Return the naming of a new beneficiary."""
    named = {"sponsor": "m1", "relation": Relation.SIBLING, "by": SON, **facts}
    return beneficiary("add", member=member, **named)


def spend(minutes: int, path: str = "member:m1:available") -> Doing:
    """Return a transfer to the neighbour."""
    return lambda family: family.bank.transfers.transfer(
        "lille", debit_path=path, credit_path="member:m2:available", minutes=minutes, reason="gift", by=DESK
    )


def log_at_plan(family: Family) -> object:
    """Say that help was given at a time that lies ahead."""
    planned = family.bank.redemptions.show("lille-1").redemption
    return family.bank.redemptions.log("lille-1", start_at=planned.planned_at, by=HELPER)


def reverse_by_hand(family: Family) -> object:
    """Undo one half of a settlement only."""
    return family.bank.entries.reverse("lille", 3, reason="by hand", by=DESK)


def assign(provider: str, by: str) -> Doing:
    """Return an assignment."""
    return redeem("assign", provider=provider, by=by)


REFUSALS: dict[str, list[tuple[Doing, Doing]]] = {
    "account_managed": [(requested, spend(15, "member:m1:held"))],
    "already_confirmed": [
        (settled, redeem("confirm", by=MOTHER)),
        (settled, redeem("confirm", by=HOST_DESK, reason="again")),
        (settled, hours("confirm", by=MOTHER)),
    ],
    "bad_reference": [(nothing, name("m1@"))],
    "beneficiary_exists": [(nothing, name("m1@locmine"))],
    "beneficiary_revoked": [(revoked, ask()), (revoked, beneficiary("check", 1, by=DESK))],
    "capture_exceeds_hold": [
        (assigned, redeem("log", minutes=75, by=HELPER)),
        (corrected_beyond_hold, redeem("confirm", by=MOTHER)),
        (corrected_beyond_hold, redeem("confirm", by=HOST_DESK, reason="it was")),
        (corrected_beyond_hold, hours("confirm", by=MOTHER)),
    ],
    "ceiling_reached": [(logged_at_a_low_ceiling, redeem("confirm", by=MOTHER))],
    "check_missing": [(brother_agreed, ask(2))],
    "consent_missing": [(brother, ask(2))],
    "entry_settled": [(settled, reverse_by_hand)],
    "hours_in_future": [(assigned, log_at_plan)],
    "insufficient_hours": [(all_spent, ask(minutes=15)), (all_spent, spend(15))],
    "kind_not_offered": [(gardeners, ask())],
    "mandate_not_in_force": [
        (logged, redeem("confirm", by=f"{SON}+m1#7")),
        (mandate_revoked, redeem("confirm", by=SON_FOR_MOTHER)),
        (assigned, redeem("cancel", by=SON_FOR_MOTHER)),
    ],
    "member_left": [
        (latecomer, name("m3@locmine", sponsor="late", by="member:late")),
        (latecomer, name("late")),
    ],
    "minutes_out_of_range": [
        (nothing, ask(minutes=0)),
        (nothing, ask(minutes=-5)),
        (nothing, ask(minutes=10**12)),
        (assigned, redeem("log", minutes=0, by=HELPER)),
    ],
    "not_a_party": [
        (assigned, redeem("log", by=FRIEND)),
        (assigned, redeem("log", by=SON)),
        (logged, redeem("confirm", by=SON)),
        (logged, redeem("confirm", by=DESK, reason="not their branch")),
    ],
    "not_a_redemption": [(settled, redeem("show", "lille"))],
    "not_allowed": [
        (nothing, ask(by=NEIGHBOUR)),
        (nothing, ask(by=MOTHER)),
        (brother, beneficiary("consent", 2, by=DESK)),
        (brother, beneficiary("consent", 2, by="member:m3")),
        (nothing, beneficiary("check", 1, by=SON)),
        (nothing, beneficiary("revoke", 1, by=NEIGHBOUR)),
        (nothing, mandate("revoke", 1, by=HELPER)),
        (requested, assign("m3", HELPER)),
        (requested, assign("m2", DESK)),
        (assigned, redeem("cancel", by=FRIEND)),
        (assigned, hold("release", 1, reason="mine", by=SON)),
        (assigned, hold("release", 1, reason="not their branch", by=HOST_DESK)),
        (forgotten, hold("expire_due", by=SON)),
    ],
    "own_statement": [
        (logged, redeem("confirm", by=HELPER)),
        (logged, redeem("dispute", reason="no", by=HELPER)),
    ],
    "planned_in_past": [(nothing, ask(days=-1)), (nothing, ask(days=0))],
    "reason_missing": [
        (nothing, ask(by=DESK)),
        (logged, redeem("confirm", by=HOST_DESK)),
        (assigned, redeem("cancel", by=DESK)),
        (assigned, hold("release", 1, reason=" ", by=DESK)),
        (brother, beneficiary("consent", 2, by=HOST_DESK)),
    ],
    "record_not_open": [(disputed, redeem("dispute", reason="again", by=MOTHER))],
    "redemption_not_due": [(assigned, redeem("expire", by=DESK))],
    "redemption_not_open": [
        (cancelled, redeem("confirm", by=MOTHER)),
        (forgotten, redeem("log", by=HELPER)),
        (forgotten, redeem("cancel", by=SON)),
        (settled, redeem("cancel", by=SON)),
        (settled, hold("release", 1, reason="late", by=DESK)),
    ],
    "redemption_out_of_order": [
        (assigned, assign("m3", FRIEND)),
        (requested, redeem("unassign", by=HOST_DESK)),
        (requested, redeem("log", by=HOST_DESK)),
        (logged, redeem("log", by=HELPER)),
        (assigned, redeem("confirm", by=MOTHER)),
        (logged, redeem("cancel", by=SON)),
        (logged, hold("release", 1, reason="late", by=DESK)),
        (assigned, redeem("miss", is_by_provider=True, by=HELPER)),
    ],
    "relation_not_eligible": [(brother_in_a_branch_for_parents, ask(2))],
    "self_dealing": [
        (brother, beneficiary("consent", 2, by=SON)),
        (requested, assign("m1", HOST_DESK)),
        (assigned, redeem("cancel", by=HELPER)),
        (assigned, redeem("miss", is_by_provider=False, by=HELPER)),
        (helper_is_proxy, redeem("confirm", by=f"{HELPER}+m1#2")),
    ],
    "unknown_beneficiary": [(nothing, ask(2)), (nothing, beneficiary("check", 2, by=DESK))],
    "unknown_branch": [(nothing, name("m1@nowhere")), (nothing, redeem("cancel", "nowhere-1", by=SON))],
    "unknown_hold": [(nothing, hold("release", 9, reason="none", by=DESK))],
    "unknown_mandate": [(nothing, mandate("revoke", 9, by=MOTHER))],
    "unknown_member": [(nothing, name("m9@locmine")), (requested, assign("m9", HOST_DESK))],
    "unknown_redemption": [(nothing, redeem("cancel", "lille-9", by=SON))],
}
REFUSED = [
    pytest.param(code, begin, attempt, id=f"{code}-{number}")
    for code, ways in REFUSALS.items()
    for number, (begin, attempt) in enumerate(ways, 1)
]


@pytest.mark.parametrize(("code", "begin", "attempt"), REFUSED)
def test_a_refusal_has_its_code_and_changes_nothing(
    family: Family, code: str, begin: Doing, attempt: Doing
) -> None:
    """Every rule says no by a stable code, and leaves each row of each table as it was."""
    begin(family)
    before = dump_of(family.file)

    with pytest.raises(TimebankError) as refused:
        attempt(family)

    assert code == refused.value.code
    assert before == dump_of(family.file)


@pytest.mark.parametrize(
    "text",
    ["lille", "lille-0", "lille-01", "-1", "lille-x", "lille-1 ", "Lille-1", "lille-9999999999", "lille-²"],
)
def test_what_is_no_reference_is_refused(family: Family, text: str) -> None:
    """A slip of the finger is told from a redemption that is not there."""
    with pytest.raises(TimebankError) as refused:
        family.bank.redemptions.show(text)

    assert "not_a_redemption" == refused.value.code


def test_a_branch_whose_code_looks_like_a_reference_is_found(family: Family) -> None:
    """The number stands behind the last hyphen: `lille-3-1` is the first redemption of `lille-3`."""
    family.bank.branches.create("lille-3", name="Sample branch")

    with pytest.raises(TimebankError, match="there is no redemption lille-3-1"):
        family.bank.redemptions.show("lille-3-1")


# --- Keys and dry runs ------------------------------------------------------------------------------------

WRITES: dict[str, tuple[Doing, Doing]] = {
    "request": (nothing, ask()),
    "assign": (requested, assign("m2", HELPER)),
    "unassign": (assigned, redeem("unassign", by=HELPER)),
    "log": (assigned, redeem("log", by=HELPER)),
    "confirm": (logged, redeem("confirm", by=MOTHER)),
    "hours confirm": (logged, hours("confirm", by=MOTHER)),
    "hours correct": (settled, hours("correct", minutes=30, reason="less", by=HOST_DESK)),
    "dispute": (logged, redeem("dispute", reason="no", by=MOTHER)),
    "cancel": (assigned, redeem("cancel", by=SON)),
    "expire": (forgotten, redeem("expire", by=DESK)),
    "hold release": (assigned, hold("release", 1, reason="free", by=DESK)),
    "hold expire": (forgotten, hold("expire_due", by=DESK)),
    "beneficiary add": (nothing, name("m3@locmine")),
    "beneficiary consent": (brother, beneficiary("consent", 2, by=FRIEND)),
    "beneficiary check": (brother, beneficiary("check", 2, by=HOST_DESK)),
    "beneficiary revoke": (nothing, beneficiary("revoke", 1, by=SON)),
    "mandate grant": (
        nothing,
        mandate("grant", principal="m1", holder="m3", basis="friend", scopes={Scope.VIEW}, by=MOTHER),
    ),
    "mandate revoke": (nothing, mandate("revoke", 1, by=MOTHER)),
}
EACH_WRITE = [pytest.param(begin, write, id=what) for what, (begin, write) in WRITES.items()]


@pytest.mark.parametrize(("begin", "write"), EACH_WRITE)
def test_the_same_key_never_takes_effect_twice(family: Family, begin: Doing, write: Doing) -> None:
    """A phone that sends it again changes nothing (I-9)."""
    begin(family)
    before = dump_of(family.file)
    first = write(family, key="key-1")
    once = dump_of(family.file)

    again = write(family, key="key-1")

    assert before != once
    assert once == dump_of(family.file)
    assert type(first) is type(again)


@pytest.mark.parametrize(("begin", "write"), EACH_WRITE)
def test_a_dry_run_changes_nothing(family: Family, begin: Doing, write: Doing) -> None:
    """It decides and answers as the real one would, and every row stays."""
    begin(family)
    before = dump_of(family.file)
    bank = open_bank(f"sqlite:///{family.file}", clock=family.clock, is_dry_run=True)

    dry = write(replace(family, bank=bank))

    bank.close()
    assert before == dump_of(family.file)
    assert dry == write(family)


def test_a_key_used_for_something_else_is_refused(family: Family) -> None:
    """The same name for two requests is a mistake of the caller (I-9)."""
    family.request()
    family.bank.redemptions.assign("lille-1", provider="m2", by=HELPER, key="key-1")

    with pytest.raises(TimebankError) as refused:
        family.bank.redemptions.log("lille-1", by=HELPER, key="key-1")

    assert "key_reused" == refused.value.code


def test_a_repeated_request_leaves_what_has_become_due_since(family: Family) -> None:
    """Same key, no effect at all: not even the sweep of others' deadlines (I-9)."""
    family.request()
    family.bank.redemptions.assign("lille-1", provider="m2", by=HELPER, key="key-1")
    family.wait_until(family.clock.instant + timedelta(days=91))
    before = dump_of(family.file)

    family.bank.redemptions.assign("lille-1", provider="m2", by=HELPER, key="key-1")

    assert before == dump_of(family.file)
