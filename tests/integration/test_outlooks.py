"""Before hours are spent: who may look, what is refused, and what the counts say of the branch there."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.family import (
    DESK,
    FRIEND,
    HELPER,
    HOST_DESK,
    MOTHER,
    NEIGHBOUR,
    SON,
    SON_FOR_MOTHER,
    Family,
    a_family,
    a_policy,
    copied,
    dump_of,
)

from timebank.care.beneficiary import Relation
from timebank.care.mandate import Scope
from timebank.care.match import Outcome
from timebank.care.profile import Gender, ParkReason, ProfileFact, Spot
from timebank.care.record import Mode
from timebank.care.week import Week, Window
from timebank.errors import (
    BeneficiaryRevoked,
    CheckMissing,
    ConsentMissing,
    KindNotOffered,
    MandateNotInForce,
    MinutesOutOfRange,
    ModeNotOffered,
    NaiveInstant,
    NotAllowed,
    PlannedInPast,
    TimebankError,
    UnknownBeneficiary,
    UnknownBranch,
    WhenUnclear,
    WindowTooShort,
)
from timebank.matching.outlook import A_FEW, Change, Outlook
from timebank.policy.model import RedemptionRules, ServiceRules
from timebank.policy.words import ServiceMode

DAY = timedelta(days=1)
HOME = Spot.parse("47.885,-2.835")
THURSDAY = Week.of([Window.parse("thu 14:00-17:00")])
HELPERS = ("m2", "m3", "m4", "m5")


@pytest.fixture(scope="module")
def family_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A family where four people near the mother offer her company on Thursdays: m2 to m5."""
    family = a_family(tmp_path_factory.mktemp("outlook") / "family.db")
    bank = family.bank
    for number in (4, 5, 6):
        bank.members.add("locmine", name=f"Sample Member {number}", joined_on=family.clock.instant.date())
    bank.profiles.set("locmine", "m1", home=HOME, by=MOTHER)
    for number, ref in enumerate(HELPERS):
        spot = Spot(lat_udeg=HOME.lat_udeg + number * 10_000, lon_udeg=HOME.lon_udeg)
        by = f"member:{ref}@locmine"
        bank.profiles.set("locmine", ref, home=spot, by=by)
        bank.help_offers.post(
            "locmine", member=ref, kind="company", week=THURSDAY, minutes_per_week=180, by=by
        )
    bank.close()
    return family.file


@pytest.fixture
def family(family_file: Path, tmp_path: Path) -> Iterator[Family]:
    """A copy of it."""
    family = copied(family_file, tmp_path / "family.db")
    yield family
    family.bank.close()


def seen(family: Family, **changes: Any) -> Outlook:  # noqa: ANN401 - arguments of `helpers_near`
    """Look ahead, as the son if nobody else is named."""
    facts: dict[str, Any] = {"kind": "company", "minutes": 60, "by": SON, **changes}
    return family.bank.redemptions.helpers_near("lille", facts.pop("beneficiary", 1), **facts)


def thursday(family: Family) -> datetime:
    """Return a Thursday at 15:00 in Locminé."""
    now = family.clock.instant
    return (now + (3 - now.weekday()) % 7 * DAY + 7 * DAY).replace(hour=13, minute=0, second=0, microsecond=0)


def test_a_family_sees_how_many_and_roughly_where(family: Family) -> None:
    """Four within four kilometres: one band, because no three of them live within two."""
    found = seen(family)

    assert (True, 4, ()) == (found.is_place_known, found.count, found.changes)
    assert [(0, 5_000, 4)] == [(each.from_m, each.to_m, each.count) for each in found.bands]
    assert found == seen(family, start_at=thursday(family)) == seen(family, week=THURSDAY)


def test_nothing_is_written_and_nobody_is_named(family: Family) -> None:
    """Neither a request nor a hold nor a note; and no reference in the answer."""
    before = dump_of(family.file)
    found = seen(family, start_at=thursday(family))

    assert before == dump_of(family.file)
    for word in (*HELPERS, "locmine", "-2835000", "47885000"):
        assert word not in repr(found)


@pytest.mark.parametrize("by", [SON, DESK, HOST_DESK, "coordinator:desk"])
def test_sponsor_and_coordinators_of_either_branch_see_the_same(family: Family, by: str) -> None:
    """A coordinator of the sponsor's branch, too, is told no names of the other."""
    assert seen(family) == seen(family, by=by)


def test_a_proxy_needs_the_scope_to_spend(family: Family) -> None:
    """Whoever may only look at the sponsor's hours does not look into other people's weeks."""
    for scope in (Scope.SPONSOR, Scope.VIEW):
        family.bank.mandates.grant(
            "lille",
            principal="m1",
            holder="m2",
            basis="family-authorisation",
            scopes={scope},
            by="member:m1",
        )

    assert seen(family) == seen(family, by="member:m2+m1#1")
    with pytest.raises(MandateNotInForce):
        seen(family, by="member:m2+m1#2")
    family.bank.mandates.revoke("lille", 1, by="member:m1")
    with pytest.raises(MandateNotInForce):
        seen(family, by="member:m2+m1#1")


@pytest.mark.parametrize(
    "by",
    [
        NEIGHBOUR,
        HELPER,
        FRIEND,
        SON_FOR_MOTHER,
        "member:m1@bayonne",
        "member:m3@lille+m1#1",
        "member:m2@lille+m1#9",
        "coordinator:desk@bayonne",
        "system:timer",
    ],
)
def test_to_everybody_else_the_beneficiary_is_not_there(family: Family, by: str) -> None:
    """The refusal is the very same as for a number that nobody has."""
    family.bank.mandates.grant(
        "lille",
        principal="m1",
        holder="m2",
        basis="family-authorisation",
        scopes={Scope.SPONSOR},
        by="member:m1",
    )
    with pytest.raises(UnknownBeneficiary) as foreign:
        seen(family, by=by)
    with pytest.raises(UnknownBeneficiary) as absent:
        seen(family, by=by, beneficiary=9)

    assert str(absent.value).replace("9", "1") == str(foreign.value)


def test_who_may_not_look_is_told_before_anything_else(family: Family) -> None:
    """No other refusal tells a stranger whether somebody consented, or what the branch offers."""
    family.bank.beneficiaries.revoke("lille", 1, by=SON)

    for amiss in ({}, {"kind": "nothing"}, {"minutes": 0}, {"start_at": family.clock.instant - DAY}):
        with pytest.raises(UnknownBeneficiary):
            seen(family, by=HELPER, **amiss)


def test_the_beneficiary_spends_no_hours(family: Family) -> None:
    """She knows that she is one; she asks for help of her own."""
    with pytest.raises(NotAllowed):
        seen(family, by=MOTHER)


@pytest.mark.parametrize(
    ("amiss", "error"),
    [
        ({"minutes": 0}, MinutesOutOfRange),
        ({"minutes": -5}, MinutesOutOfRange),
        ({"minutes": 10**12}, MinutesOutOfRange),
        ({"week": THURSDAY, "minutes": 181}, WindowTooShort),
        ({"week": Week(0)}, WindowTooShort),
        ({"week": THURSDAY, "start_at": "later"}, WhenUnclear),
        ({"start_at": "now"}, PlannedInPast),
        ({"start_at": datetime(2030, 1, 1, 9)}, NaiveInstant),  # noqa: DTZ001 - that is what is refused
    ],
)
def test_what_no_request_could_ask_for_is_refused(
    family: Family, amiss: dict[str, Any], error: type[TimebankError]
) -> None:
    """As a redemption would refuse it."""
    instants = {"now": family.clock.instant, "later": thursday(family)}
    with pytest.raises(error):
        seen(
            family,
            **{
                name: instants.get(value, value) if name == "start_at" else value
                for name, value in amiss.items()
            },
        )


def test_a_branch_is_asked_for_what_it_offers(family: Family) -> None:
    """In the words of the policy there."""
    rules = ServiceRules(kinds=("garden", "shopping"), modes=(ServiceMode.IN_PERSON,))
    family.bank.policies.set("locmine", a_policy(service=rules), by=HOST_DESK)

    with pytest.raises(KindNotOffered):
        seen(family)
    with pytest.raises(ModeNotOffered):
        seen(family, kind="garden", mode=Mode.PHONE)
    with pytest.raises(UnknownBranch):
        family.bank.redemptions.helpers_near("nowhere", 1, kind="company", minutes=60, by=SON)


def test_hours_must_be_allowed_to_be_spent_on_them(family: Family) -> None:
    """And they must have agreed, whatever the policy says: the answer rests on where they live."""
    bank = family.bank
    bank.beneficiaries.add("lille", sponsor="m1", relation=Relation.SIBLING, member="m6@locmine", by=SON)
    with pytest.raises(ConsentMissing):
        seen(family, beneficiary=2)
    bank.beneficiaries.consent("lille", 2, by="member:m6@locmine")
    with pytest.raises(CheckMissing):
        seen(family, beneficiary=2)
    bank.beneficiaries.check("lille", 2, by=DESK)
    assert not seen(family, beneficiary=2).is_place_known
    bank.beneficiaries.revoke("lille", 2, by=SON)
    with pytest.raises(BeneficiaryRevoked):
        seen(family, beneficiary=2)


def test_consent_is_needed_even_where_the_policy_asks_for_none(family: Family) -> None:
    """Anybody could name a stranger, and learn who lives near them."""
    rules = RedemptionRules(needs_consent=False, needs_check=False)
    family.bank.policies.set("lille", a_policy(redemption=rules), by=DESK)
    family.bank.beneficiaries.add(
        "lille", sponsor="m1", relation=Relation.SIBLING, member="m6@locmine", by=SON
    )

    with pytest.raises(ConsentMissing):
        seen(family, beneficiary=2)


def test_nothing_is_left_to_see_of_who_was_erased(family: Family) -> None:
    """Where they lived went with the names."""
    family.bank.members.erase("locmine", "m1", by=HOST_DESK)

    assert (False, 0, ()) == ((found := seen(family)).is_place_known, found.count, found.bands)


def test_where_the_home_is_not_known_the_answer_says_so(family: Family) -> None:
    """Nobody can be found near nowhere; by phone it does not matter."""
    family.bank.profiles.set("locmine", "m1", forget={ProfileFact.HOME}, by=MOTHER)

    found = seen(family)
    assert (False, 0, ()) == (found.is_place_known, found.count, found.bands)
    assert seen(family, mode=Mode.PHONE).is_place_known


def test_one_change_away(family: Family) -> None:
    """Another time, another way, a shorter way: counted, and only where somebody is."""
    friday = Week.of([Window.parse("fri 14:00-17:00")])

    assert (0, ((Change.TIME, 4),)) == told(seen(family, week=friday))
    assert (0, ((Change.MODE, 4),)) == told(seen(family, mode=Mode.PHONE))
    for ref in HELPERS[1:]:
        family.bank.profiles.set("locmine", ref, reach_metres=100, by=f"member:{ref}@locmine")
    assert (A_FEW, ((Change.DISTANCE, 3),)) == told(seen(family))
    assert (0, ()) == told(seen(family, kind="shopping"))


def test_one_or_two_are_told_alike_and_without_a_distance(family: Family) -> None:
    """Nobody finds out by asking again and again whether the neighbour is free."""
    bank = family.bank
    bank.profiles.exclude("locmine", "m1", "m2", by=MOTHER)
    assert (3, ()) == told(seen(family))
    bank.profiles.exclude("locmine", "m3", "m1", by="member:m3@locmine")
    two = seen(family)
    bank.profiles.exclude("locmine", "m4", "m1", by="member:m4@locmine")

    assert two == seen(family)
    assert (A_FEW, (), ()) == (two.count, two.bands, two.changes)


def test_a_no_of_either_side_and_what_somebody_is_stand_in_no_count(family: Family) -> None:
    """Excluded, parked, of another gender than the beneficiary wishes: as if they were not there."""
    bank = family.bank
    bank.profiles.park(
        "locmine",
        "m2",
        "m1",
        until_on=family.clock.instant.date() + 90 * DAY,
        why=ParkReason.COORDINATOR,
        by=HOST_DESK,
    )
    assert (3, ()) == told(seen(family))
    bank.profiles.set("locmine", "m1", wished_gender=Gender.WOMAN, by=MOTHER)

    assert (0, ()) == told(seen(family))


def test_who_pays_does_not_help_nor_who_lives_with_them(family: Family) -> None:
    """Where sponsor and beneficiary are of one branch."""
    bank = family.bank
    bank.beneficiaries.add("locmine", sponsor="m3", relation=Relation.PARENT, member="m1", by=FRIEND)
    bank.beneficiaries.consent("locmine", 1, by=MOTHER)
    bank.beneficiaries.check("locmine", 1, by=HOST_DESK)

    def theirs() -> Outlook:
        return bank.redemptions.helpers_near("locmine", 1, kind="company", minutes=60, by=FRIEND)

    assert (3, ()) == told(theirs())
    for ref in ("m3", "m4"):
        bank.profiles.set("locmine", ref, household="mill", by=f"member:{ref}@locmine")
    assert (A_FEW, ()) == told(theirs())
    assert 4 == seen(family).count


def test_how_it_went_for_others_is_told_of_five_or_more(family: Family) -> None:
    """Found, ended in vain, and still waiting: the last says nothing yet, nor does what is not comparable."""
    bank = family.bank
    for number in range(5):
        _asked(family, is_found=number < 4, hours=number + 1)
        if number == 3:
            assert None is seen(family).past.requests
    past = seen(family).past
    assert (5, 80, None) == (past.requests, past.found_percent, past.wait_minutes)
    no = _asked(family, is_found=True, hours=30)
    _asked(family, is_found=False, hours=0, is_over=False)
    assert (6, 83, 180) == _figures(seen(family))
    assert None is seen(family, kind="shopping").past.requests
    assert None is seen(family, mode=Mode.PHONE).past.requests
    last = bank.matches.list("locmine", request=no)[0].no
    bank.matches.conclude("locmine", last, Outcome.NOT_HELPED, by=HOST_DESK)
    assert (5, 80, None) == _figures(seen(family))
    family.wait_until(family.clock.instant + 366 * DAY)
    assert None is seen(family).past.requests


def told(found: Outlook) -> tuple[int | None, tuple[tuple[Change, int | None], ...]]:
    """Return how many could help, and how many more after one change."""
    return found.count, found.changes


def _figures(found: Outlook) -> tuple[int | None, int | None, int | None]:
    return found.past.requests, found.past.found_percent, found.past.wait_minutes


def _asked(family: Family, *, is_found: bool, hours: int, is_over: bool = True) -> int:
    """Let m6 ask for company; somebody says yes after so many hours, or it is withdrawn."""
    bank, by = family.bank, "member:m6@locmine"
    bank.profiles.set("locmine", "m6", home=HOME, by=by)
    posted = bank.help_requests.post(
        "locmine", member="m6", kind="company", minutes=30, week=THURSDAY, by=by
    ).listing
    if is_found:
        helper = bank.matches.suggest("locmine", posted.no).suggested[0].helper
        made = bank.matches.offer("locmine", posted.no, helper, by=HOST_DESK)
        family.wait_until(family.clock.instant + timedelta(hours=hours))
        bank.matches.accept("locmine", made.no, by=f"member:{helper}@locmine")
        family.wait_until(family.clock.instant + 7 * DAY)
    elif is_over:
        bank.help_requests.withdraw("locmine", posted.no, by=by)
    return posted.no
