"""What redemptions refuse, with which code; and that refusals, repeated keys and dry runs change nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

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
    dump_of,
)

from timebank.care.beneficiary import Relation
from timebank.care.mandate import Scope
from timebank.errors import TimebankError
from timebank.policy.model import LimitRule, Limits, RedemptionRules, ServiceRules
from timebank.policy.words import Relation as PolicyRelation
from timebank.services.bank import open_bank

Attempt = Callable[[Family], object]


def _requested(family: Family) -> None:
    family.request()


def _assigned(family: Family) -> None:
    family.assigned()


def _logged(family: Family) -> None:
    family.logged()


def _settled(family: Family) -> None:
    family.settled()


def _disputed(family: Family) -> None:
    family.bank.redemptions.dispute(family.logged(), reason="no", by=MOTHER)


def _cancelled(family: Family) -> None:
    family.bank.redemptions.cancel(family.request(), by=SON)


def _nothing(_family: Family) -> None:
    pass


def _second(relation: Relation, *, steps: int) -> Attempt:
    """Add a second beneficiary, the friend in Locminé; consented from step 1, checked from step 2."""

    def begin(family: Family) -> None:
        family.bank.beneficiaries.add("lille", sponsor="m1", relation=relation, member="m3@locmine", by=SON)
        if steps >= 1:
            family.bank.beneficiaries.consent("lille", 2, by=FRIEND)
        if steps >= 2:
            family.bank.beneficiaries.check("lille", 2, by=DESK)

    return begin


def _for_second(family: Family) -> None:
    start_at = family.clock.instant + timedelta(days=1)
    family.bank.redemptions.request("lille", 2, start_at=start_at, minutes=60, kind="shopping", by=SON)


def _held_close_to_the_floor(family: Family) -> None:
    family.request(minutes=EARNED)
    family.request(minutes=600)


def _helper_is_proxy(family: Family) -> None:
    family.bank.mandates.grant(
        "locmine", principal="m1", holder="m2", basis="neighbour", scopes={Scope.CONFIRM}, by=MOTHER
    )
    family.logged()


def _more_than_held(family: Family) -> None:
    family.logged(minutes=60)
    family.bank.hours.correct("locmine", 1, minutes=90, by="member:m2")


def _past_deadline(family: Family) -> None:
    family.assigned()
    family.wait_until(family.clock.instant + timedelta(days=91))


def _host_ceiling(family: Family) -> None:
    limits = Limits(member=LimitRule(ceiling_minutes=45))
    family.bank.policies.set("locmine", a_policy(limits=limits), by=HOST_DESK)
    family.logged()


def _parents_only(family: Family) -> None:
    rules = RedemptionRules(relations=(PolicyRelation.PARENT,))
    family.bank.policies.set("lille", a_policy(redemption=rules), by=DESK)
    _second(Relation.SIBLING, steps=2)(family)


def _kinds_of_host(family: Family) -> None:
    family.bank.policies.set("locmine", a_policy(service=ServiceRules(kinds=("garden",))), by=HOST_DESK)


def _mandate_revoked(family: Family) -> None:
    family.logged()
    family.bank.mandates.revoke("locmine", 1, by=MOTHER)


def _beneficiary_revoked(family: Family) -> None:
    family.bank.beneficiaries.revoke("lille", 1, by=MOTHER)


REFUSALS: list[tuple[str, Attempt, Attempt]] = [
    # Asking
    ("insufficient_hours", _held_close_to_the_floor, lambda f: f.request(minutes=15)),
    ("insufficient_hours", _held_close_to_the_floor, lambda f: _transfer(f, 15)),
    ("account_managed", _requested, lambda f: _transfer(f, 15, "member:m1:held")),
    ("consent_missing", _second(Relation.SIBLING, steps=0), _for_second),
    ("check_missing", _second(Relation.SIBLING, steps=1), _for_second),
    ("relation_not_eligible", _parents_only, _for_second),
    ("beneficiary_revoked", _beneficiary_revoked, lambda f: f.request()),
    ("kind_not_offered", _kinds_of_host, lambda f: f.request()),
    ("planned_in_past", _nothing, lambda f: f.request(days=-1)),
    ("minutes_out_of_range", _nothing, lambda f: f.request(minutes=0)),
    ("minutes_out_of_range", _nothing, lambda f: f.request(minutes=10**12)),
    ("member_left", _nothing, lambda f: _add_beneficiary(f, "m4")),
    ("not_allowed", _nothing, lambda f: f.request(by=NEIGHBOUR)),
    ("not_allowed", _nothing, lambda f: f.request(by=MOTHER)),
    ("reason_missing", _nothing, lambda f: f.request(by=DESK)),
    ("unknown_beneficiary", _nothing, _for_second),
    # Beneficiaries and mandates
    (
        "self_dealing",
        _second(Relation.SIBLING, steps=0),
        lambda f: f.bank.beneficiaries.consent("lille", 2, by=SON),
    ),
    (
        "not_allowed",
        _second(Relation.SIBLING, steps=0),
        lambda f: f.bank.beneficiaries.consent("lille", 2, by=DESK),
    ),
    ("not_allowed", _nothing, lambda f: f.bank.beneficiaries.check("lille", 1, by=SON)),
    ("not_allowed", _nothing, lambda f: f.bank.beneficiaries.revoke("lille", 1, by=NEIGHBOUR)),
    ("beneficiary_exists", _nothing, lambda f: _add_beneficiary(f, "m1@locmine")),
    ("unknown_member", _nothing, lambda f: _add_beneficiary(f, "m9@locmine")),
    ("unknown_branch", _nothing, lambda f: _add_beneficiary(f, "m1@nowhere")),
    ("bad_reference", _nothing, lambda f: _add_beneficiary(f, "m1@")),
    ("unknown_mandate", _nothing, lambda f: f.bank.mandates.revoke("locmine", 9, by=MOTHER)),
    ("not_allowed", _nothing, lambda f: f.bank.mandates.revoke("locmine", 1, by=HELPER)),
    # Finding somebody
    ("self_dealing", _requested, lambda f: f.bank.redemptions.assign("lille-1", provider="m1", by=HOST_DESK)),
    (
        "unknown_member",
        _requested,
        lambda f: f.bank.redemptions.assign("lille-1", provider="m9", by=HOST_DESK),
    ),
    ("not_allowed", _requested, lambda f: f.bank.redemptions.assign("lille-1", provider="m3", by=HELPER)),
    ("not_allowed", _requested, lambda f: f.bank.redemptions.assign("lille-1", provider="m2", by=DESK)),
    (
        "redemption_out_of_order",
        _assigned,
        lambda f: f.bank.redemptions.assign("lille-1", provider="m3", by=FRIEND),
    ),
    ("redemption_out_of_order", _requested, lambda f: f.bank.redemptions.unassign("lille-1", by=HOST_DESK)),
    # Logging
    ("redemption_out_of_order", _requested, lambda f: f.bank.redemptions.log("lille-1", by=HOST_DESK)),
    ("capture_exceeds_hold", _assigned, lambda f: f.bank.redemptions.log("lille-1", minutes=75, by=HELPER)),
    ("minutes_out_of_range", _assigned, lambda f: f.bank.redemptions.log("lille-1", minutes=0, by=HELPER)),
    ("hours_in_future", _assigned, lambda f: _log_at_plan(f)),
    ("not_a_party", _assigned, lambda f: f.bank.redemptions.log("lille-1", by=FRIEND)),
    ("not_a_party", _assigned, lambda f: f.bank.redemptions.log("lille-1", by=SON)),
    ("redemption_out_of_order", _logged, lambda f: f.bank.redemptions.log("lille-1", by=HELPER)),
    ("redemption_not_open", _past_deadline, lambda f: f.bank.redemptions.log("lille-1", by=HELPER)),
    # Confirming
    ("redemption_out_of_order", _assigned, lambda f: f.bank.redemptions.confirm("lille-1", by=MOTHER)),
    ("redemption_not_open", _cancelled, lambda f: f.bank.redemptions.confirm("lille-1", by=MOTHER)),
    ("already_confirmed", _settled, lambda f: f.bank.redemptions.confirm("lille-1", by=MOTHER)),
    ("already_confirmed", _settled, lambda f: f.bank.hours.confirm("locmine", 1, by=MOTHER)),
    ("not_a_party", _logged, lambda f: f.bank.redemptions.confirm("lille-1", by=SON)),
    ("mandate_not_in_force", _logged, lambda f: f.bank.redemptions.confirm("lille-1", by=f"{SON}+m1#7")),
    (
        "mandate_not_in_force",
        _mandate_revoked,
        lambda f: f.bank.redemptions.confirm("lille-1", by=SON_FOR_MOTHER),
    ),
    ("own_statement", _logged, lambda f: f.bank.redemptions.confirm("lille-1", by=HELPER)),
    ("self_dealing", _helper_is_proxy, lambda f: f.bank.redemptions.confirm("lille-1", by=f"{HELPER}+m1#2")),
    ("reason_missing", _logged, lambda f: f.bank.redemptions.confirm("lille-1", by=HOST_DESK)),
    ("not_a_party", _logged, lambda f: f.bank.redemptions.confirm("lille-1", reason="home", by=DESK)),
    ("capture_exceeds_hold", _more_than_held, lambda f: f.bank.redemptions.confirm("lille-1", by=MOTHER)),
    ("capture_exceeds_hold", _more_than_held, lambda f: f.bank.hours.confirm("locmine", 1, by=MOTHER)),
    ("ceiling_reached", _host_ceiling, lambda f: f.bank.redemptions.confirm("lille-1", by=MOTHER)),
    (
        "record_not_open",
        _disputed,
        lambda f: f.bank.redemptions.dispute("lille-1", reason="again", by=MOTHER),
    ),
    # Calling off
    ("redemption_out_of_order", _logged, lambda f: f.bank.redemptions.cancel("lille-1", by=SON)),
    ("redemption_not_open", _settled, lambda f: f.bank.redemptions.cancel("lille-1", by=SON)),
    ("self_dealing", _assigned, lambda f: f.bank.redemptions.cancel("lille-1", by=HELPER)),
    ("not_allowed", _assigned, lambda f: f.bank.redemptions.cancel("lille-1", by=FRIEND)),
    ("reason_missing", _assigned, lambda f: f.bank.redemptions.cancel("lille-1", by=DESK)),
    (
        "redemption_out_of_order",
        _assigned,
        lambda f: f.bank.redemptions.miss("lille-1", is_by_provider=True, by=HELPER),
    ),
    ("redemption_not_due", _assigned, lambda f: f.bank.redemptions.expire("lille-1", by=DESK)),
    ("redemption_not_open", _past_deadline, lambda f: f.bank.redemptions.cancel("lille-1", by=SON)),
    ("not_allowed", _assigned, lambda f: f.bank.holds.release("lille", 1, reason="mine", by=SON)),
    ("not_allowed", _past_deadline, lambda f: f.bank.holds.expire_due("lille", by=SON)),
    ("redemption_not_open", _settled, lambda f: f.bank.holds.release("lille", 1, reason="late", by=DESK)),
    ("redemption_out_of_order", _logged, lambda f: f.bank.holds.release("lille", 1, reason="late", by=DESK)),
    # Things that are not there
    ("unknown_redemption", _nothing, lambda f: f.bank.redemptions.cancel("lille-9", by=SON)),
    ("unknown_branch", _nothing, lambda f: f.bank.redemptions.cancel("nowhere-1", by=SON)),
    ("unknown_hold", _nothing, lambda f: f.bank.holds.release("lille", 9, reason="none", by=DESK)),
    ("entry_settled", _settled, lambda f: f.bank.entries.reverse("lille", 3, reason="by hand", by=DESK)),
]


def _transfer(family: Family, minutes: int, path: str = "member:m1:available") -> None:
    family.bank.transfers.transfer(
        "lille", debit_path=path, credit_path="member:m2:available", minutes=minutes, reason="gift", by=DESK
    )


def _add_beneficiary(family: Family, member: str) -> None:
    if member == "m4":
        joined_on = family.clock.instant.date() + timedelta(days=30)
        family.bank.members.add("lille", name="Sample Latecomer", joined_on=joined_on)
    family.bank.beneficiaries.add("lille", sponsor="m1", relation=Relation.SIBLING, member=member, by=SON)


def _log_at_plan(family: Family) -> None:
    planned = family.bank.redemptions.show("lille-1").redemption
    family.bank.redemptions.log("lille-1", start_at=planned.planned_at, by=HELPER)


@pytest.mark.parametrize(
    ("code", "begin", "attempt"),
    REFUSALS,
    ids=[f"{number}-{code}" for number, (code, _, _) in enumerate(REFUSALS)],
)
def test_a_refusal_has_its_code_and_changes_nothing(
    family: Family, code: str, begin: Attempt, attempt: Attempt
) -> None:
    """Every rule says no by a stable code, and leaves each row of each table as it was."""
    begin(family)
    before = dump_of(family.file)

    with pytest.raises(TimebankError) as refused:
        attempt(family)

    assert code == refused.value.code
    if code != "member_left":
        assert before == dump_of(family.file)


@pytest.mark.parametrize(
    "text", ["lille", "lille-0", "lille-01", "-1", "lille-x", "lille-1 ", "Lille-1", "lille-9999999999"]
)
def test_what_is_no_reference_is_refused(family: Family, text: str) -> None:
    """A slip of the finger is told from a redemption that is not there."""
    with pytest.raises(TimebankError) as refused:
        family.bank.redemptions.show(text)

    assert "not_a_redemption" == refused.value.code


# --- Keys and dry runs --------------------------------------------------------------------------------

Write = Callable[[Family, str | None], object]


def _tomorrow(family: Family) -> datetime:
    return replace_day(family.clock.instant)


def replace_day(instant: datetime) -> datetime:
    """Return noon UTC of the next day."""
    return instant.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)


WRITES: list[tuple[Attempt, Write]] = [
    (
        _nothing,
        lambda f, key: f.bank.redemptions.request(
            "lille", 1, start_at=_tomorrow(f), minutes=60, kind="shopping", by=SON, key=key
        ),
    ),
    (_requested, lambda f, key: f.bank.redemptions.assign("lille-1", provider="m2", by=HELPER, key=key)),
    (_assigned, lambda f, key: f.bank.redemptions.unassign("lille-1", by=HELPER, key=key)),
    (_assigned, lambda f, key: f.bank.redemptions.log("lille-1", by=HELPER, key=key)),
    (_logged, lambda f, key: f.bank.redemptions.confirm("lille-1", by=MOTHER, key=key)),
    (_logged, lambda f, key: f.bank.hours.confirm("locmine", 1, by=MOTHER, key=key)),
    (_logged, lambda f, key: f.bank.redemptions.dispute("lille-1", reason="no", by=MOTHER, key=key)),
    (_assigned, lambda f, key: f.bank.redemptions.cancel("lille-1", by=SON, key=key)),
    (_assigned, lambda f, key: f.bank.holds.release("lille", 1, reason="free", by=DESK, key=key)),
    (_past_deadline, lambda f, key: f.bank.redemptions.expire("lille-1", by=DESK, key=key)),
    (_past_deadline, lambda f, key: f.bank.holds.expire_due("lille", by=DESK, key=key)),
    (
        _settled,
        lambda f, key: f.bank.hours.correct("locmine", 1, minutes=30, reason="less", by=HOST_DESK, key=key),
    ),
    (
        _nothing,
        lambda f, key: f.bank.beneficiaries.add(
            "lille", sponsor="m1", relation=Relation.SIBLING, member="m3@locmine", by=SON, key=key
        ),
    ),
    (_nothing, lambda f, key: f.bank.beneficiaries.revoke("lille", 1, by=SON, key=key)),
    (
        _nothing,
        lambda f, key: f.bank.mandates.grant(
            "lille", principal="m1", holder="m2", basis="friend", scopes={Scope.VIEW}, by=SON, key=key
        ),
    ),
    (_nothing, lambda f, key: f.bank.mandates.revoke("locmine", 1, by=MOTHER, key=key)),
]


@pytest.mark.parametrize(("begin", "write"), WRITES)
def test_the_same_key_never_takes_effect_twice(family: Family, begin: Attempt, write: Write) -> None:
    """A phone that sends it again changes nothing, even if something has become due since (I-9)."""
    begin(family)
    before = dump_of(family.file)
    write(family, "key-1")
    once = dump_of(family.file)

    write(family, "key-1")

    assert before != once
    assert once == dump_of(family.file)


def test_a_key_used_for_something_else_is_refused(family: Family) -> None:
    """The same name for two requests is a mistake of the caller (I-9)."""
    family.request()
    family.bank.redemptions.assign("lille-1", provider="m2", by=HELPER, key="key-1")

    with pytest.raises(TimebankError) as refused:
        family.bank.redemptions.log("lille-1", by=HELPER, key="key-1")

    assert "key_reused" == refused.value.code


@pytest.mark.parametrize(("begin", "write"), WRITES)
def test_a_dry_run_changes_nothing(family: Family, tmp_path: Path, begin: Attempt, write: Write) -> None:
    """It decides and answers as the real one would, and every row stays."""
    begin(family)
    before = dump_of(family.file)
    dry = replace(family, bank=_dry(family))

    write(dry, None)

    dry.bank.close()
    assert before == dump_of(family.file)


def _dry(family: Family):  # noqa: ANN202
    from timebank.services.bank import open_bank

    return open_bank(f"sqlite:///{family.file}", clock=family.clock, is_dry_run=True)
