"""What matching must know of people, as rows: part of the identity store, erased with them (I-10)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, delete, or_

from timebank.care.profile import (
    Clearance,
    Experience,
    Gender,
    Parking,
    ParkReason,
    Profile,
    Spot,
    Travel,
    Wish,
)
from timebank.ledger.model import Actor
from timebank.storage.columns import Row, table_of
from timebank.storage.engine import CHANGED
from timebank.storage.repository import Repository
from timebank.storage.tables_profiles import (
    ClearanceRow,
    ExclusionRow,
    ExperienceRow,
    ParkingRow,
    ProfileRow,
    WishRow,
)

PROFILE: Final = table_of(ProfileRow)
WISH: Final = table_of(WishRow)
EXPERIENCE: Final = table_of(ExperienceRow)
CLEARANCE: Final = table_of(ClearanceRow)
EXCLUSION: Final = table_of(ExclusionRow)
PARKING: Final = table_of(ParkingRow)
ALL: Final = (PROFILE, WISH, EXPERIENCE, CLEARANCE, EXCLUSION, PARKING)


class Profiles(Repository):
    """What is known of a branch's members and their requests, so that they can be brought together."""

    def get(self, ref: str) -> Profile:
        """Return what is known of a member; nothing, if nothing was said."""
        row = self._row(ProfileRow, ref=ref)
        return self._profile(row) if row is not None else Profile(branch=self.desk.branch.code, member=ref)

    def all(self) -> Mapping[str, Profile]:
        """Return what is known of members, by reference."""
        return {row.ref: self._profile(row) for row in self._find(ProfileRow)}

    def save(self, profile: Profile) -> None:
        """Store what is known of a member in place of what was."""
        values: dict[str, object] = {
            **_spot_values(profile.home),
            "reach_metres": profile.reach_metres,
            "travel": profile.travel.value if profile.travel is not None else None,
            "languages": " ".join(profile.languages),
            "gender": profile.gender.value if profile.gender is not None else None,
            "wished_gender": profile.wished_gender.value if profile.wished_gender is not None else None,
            "household": profile.household,
            "day_minutes": profile.day_minutes,
            "rest_minutes": profile.rest_minutes,
            "teams": " ".join(profile.teams),
        }
        self._put(ProfileRow, {"ref": profile.member}, values)

    def wish(self, request: int, member: str) -> Wish:
        """Return what a request of a member says beyond its kind and time."""
        row = self._row(WishRow, request_no=request)
        if row is None:
            return Wish(branch=self.desk.branch.code, request=request, member=member)
        return self._wish(row)

    def wishes(self, *, member: str | None = None) -> Mapping[int, Wish]:
        """Return what requests say, of everybody or of one member, by their numbers."""
        rows = self._matching(WishRow, "request_no", ref=member)
        return {row.request_no: self._wish(row) for row in rows}

    def save_wish(self, wish: Wish) -> None:
        """Store what a request says in place of what it said."""
        values: dict[str, object] = {
            "ref": wish.member,
            **_spot_values(wish.place),
            "languages": " ".join(wish.languages),
            "wished_gender": wish.wished_gender.value if wish.wished_gender is not None else None,
            "experience": wish.experience,
            "is_experience_needed": int(wish.is_experience_needed),
            "clearances": " ".join(wish.clearances),
            "team": wish.team,
            "urgency": wish.urgency,
        }
        self._put(WishRow, {"request_no": wish.request}, values)

    def experiences(self, ref: str | None = None) -> Sequence[Experience]:
        """Return what was lived through, by everybody or by one member, in order."""
        return [
            Experience(
                member=row.ref,
                code=row.code,
                declared_on=date.fromisoformat(row.declared_on),
                consented_on=_day(row.consented_on),
            )
            for row in self._matching(ExperienceRow, "ref, code", ref=ref)
        ]

    def save_experience(self, experience: Experience) -> None:
        """Store what a member has lived through, in place of what was said of it."""
        consented_on = experience.consented_on
        values: dict[str, object] = {
            "declared_on": experience.declared_on.isoformat(),
            "consented_on": consented_on.isoformat() if consented_on is not None else None,
        }
        self._put(ExperienceRow, {"ref": experience.member, "code": experience.code}, values)

    def forget_experience(self, ref: str, code: str) -> None:
        """Forget that somebody has lived through something."""
        self._delete(EXPERIENCE, EXPERIENCE.c.ref == ref, EXPERIENCE.c.code == code)

    def clearances(self, ref: str | None = None) -> Sequence[Clearance]:
        """Return the checks that were passed, by everybody or by one member, in order."""
        return [
            Clearance(
                member=row.ref,
                kind=row.kind,
                verified_on=date.fromisoformat(row.verified_on),
                expires_on=_day(row.expires_on),
                verified_by=Actor.parse(row.verified_by),
            )
            for row in self._matching(ClearanceRow, "ref, kind", ref=ref)
        ]

    def save_clearance(self, clearance: Clearance) -> None:
        """Store that a check was passed, in place of an earlier one of its kind."""
        expires_on = clearance.expires_on
        values: dict[str, object] = {
            "verified_on": clearance.verified_on.isoformat(),
            "expires_on": expires_on.isoformat() if expires_on is not None else None,
            "verified_by": str(clearance.verified_by),
        }
        self._put(ClearanceRow, {"ref": clearance.member, "kind": clearance.kind}, values)

    def forget_clearance(self, ref: str, kind: str) -> None:
        """Forget that a check was passed."""
        self._delete(CLEARANCE, CLEARANCE.c.ref == ref, CLEARANCE.c.kind == kind)

    def exclusions(self, ref: str | None = None) -> Sequence[tuple[str, str, date]]:
        """Return who does not want to meet whom since when, of everybody or of one member, in order."""
        rows = self._matching(ExclusionRow, "ref, other", ref=ref)
        return [(row.ref, row.other, date.fromisoformat(row.since_on)) for row in rows]

    def exclude(self, ref: str, other: str, *, since_on: date) -> None:
        """Store that a member does not want to meet another one."""
        self._put(ExclusionRow, {"ref": ref, "other": other}, {"since_on": since_on.isoformat()})

    def include(self, ref: str, other: str) -> None:
        """Forget that a member did not want to meet another one."""
        self._delete(EXCLUSION, EXCLUSION.c.ref == ref, EXCLUSION.c.other == other)

    def parkings(self, ref: str | None = None) -> Sequence[Parking]:
        """Return which pairs are, or were, parked: of everybody, or with one member on either side."""
        either = ("(helper = ? OR member = ?)", ref, ref) if ref is not None else ("",)
        rows = self._find(ParkingRow, *either, order="helper, member")
        return [
            Parking(
                helper=row.helper,
                member=row.member,
                until_on=date.fromisoformat(row.until_on),
                reason=ParkReason(row.reason),
                match=row.match_no,
            )
            for row in rows
        ]

    def park(self, parking: Parking) -> None:
        """Store until when a pair is parked, in place of what was."""
        values: dict[str, object] = {
            "until_on": parking.until_on.isoformat(),
            "reason": parking.reason.value,
            "match_no": parking.match,
        }
        self._put(ParkingRow, {"helper": parking.helper, "member": parking.member}, values)

    def unpark(self, helper: str, member: str) -> None:
        """Forget that a pair was parked."""
        self._delete(PARKING, PARKING.c.helper == helper, PARKING.c.member == member)

    def erase(self, ref: str) -> None:
        """Erase all of it that is about a member, on either side of a pair.

        On SQLite the caller writes the tables anew, see `Identities.erase`.
        """
        theirs: tuple[tuple[Table, ColumnElement[bool]], ...] = (
            (PROFILE, PROFILE.c.ref == ref),
            (WISH, WISH.c.ref == ref),
            (EXPERIENCE, EXPERIENCE.c.ref == ref),
            (CLEARANCE, CLEARANCE.c.ref == ref),
            (EXCLUSION, or_(EXCLUSION.c.ref == ref, EXCLUSION.c.other == ref)),
            (PARKING, or_(PARKING.c.helper == ref, PARKING.c.member == ref)),
        )
        for table, is_about in theirs:
            self._delete(table, is_about)

    def _put(self, row: type[Row], key: dict[str, object], values: dict[str, object]) -> None:
        if self._row(row, **key) is None:
            self._insert(row, **key, **values)
        else:
            self._update(row, key, **values)

    def _delete(self, table: Table, *where: ColumnElement[bool]) -> None:
        here = table.c.branch_id == self.desk.branch_id
        self.desk.connection.execute(delete(table).where(and_(here, *where)))
        self.desk.connection.info[CHANGED] = True

    def _profile(self, row: Any) -> Profile:  # noqa: ANN401 - a named tuple
        return Profile(
            branch=self.desk.branch.code,
            member=row.ref,
            home=_spot(row),
            reach_metres=row.reach_metres,
            travel=Travel(row.travel) if row.travel is not None else None,
            languages=tuple(row.languages.split()),
            gender=Gender(row.gender) if row.gender is not None else None,
            wished_gender=Gender(row.wished_gender) if row.wished_gender is not None else None,
            household=row.household,
            day_minutes=row.day_minutes,
            rest_minutes=row.rest_minutes,
            teams=tuple(row.teams.split()),
        )

    def _wish(self, row: Any) -> Wish:  # noqa: ANN401 - a named tuple
        return Wish(
            branch=self.desk.branch.code,
            request=row.request_no,
            member=row.ref,
            place=_spot(row),
            languages=tuple(row.languages.split()),
            wished_gender=Gender(row.wished_gender) if row.wished_gender is not None else None,
            experience=row.experience,
            is_experience_needed=bool(row.is_experience_needed),
            clearances=tuple(row.clearances.split()),
            team=row.team,
            urgency=row.urgency,
        )


def _spot(row: Any) -> Spot | None:  # noqa: ANN401 - a named tuple
    return Spot(lat_udeg=row.lat_udeg, lon_udeg=row.lon_udeg) if row.lat_udeg is not None else None


def _spot_values(spot: Spot | None) -> dict[str, object]:
    return {
        "lat_udeg": spot.lat_udeg if spot is not None else None,
        "lon_udeg": spot.lon_udeg if spot is not None else None,
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text is not None else None
