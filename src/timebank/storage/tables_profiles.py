"""What matching must know of people: part of the identity store, and erased with them (I-10).

As in `tables_identity`, no foreign key points in or out. Places are on a coarse grid; the tables refuse
finer ones.
"""

from sqlalchemy import CheckConstraint, Index

from timebank.storage.columns import STRICT, Row, key_number, key_text, number, text


class ProfileRow(Row, table=True):
    """What is known of a member, so that they can be brought together with others."""

    __tablename__ = "identity_profile"
    __table_args__ = (
        CheckConstraint(
            "(lat_udeg IS NULL) = (lon_udeg IS NULL) AND lat_udeg BETWEEN -90000000 AND 90000000"
            " AND lon_udeg BETWEEN -180000000 AND 180000000 AND lat_udeg % 5000 = 0 AND lon_udeg % 5000 = 0",
            name="home",
        ),
        CheckConstraint("reach_metres >= 0", name="reach_metres"),
        CheckConstraint("day_minutes > 0 AND rest_minutes >= 0", name="minutes"),
        STRICT,
    )

    branch_id: int = key_number()
    ref: str = key_text()
    lat_udeg: int | None = number(nullable=True)
    lon_udeg: int | None = number(nullable=True)
    reach_metres: int | None = number(nullable=True)
    travel: str | None = text(nullable=True)
    languages: str = text()
    """Codes with a blank between them."""
    gender: str | None = text(nullable=True)
    wished_gender: str | None = text(nullable=True)
    household: str | None = text(nullable=True)
    day_minutes: int | None = number(nullable=True)
    rest_minutes: int | None = number(nullable=True)
    teams: str = text()
    """As languages."""


class WishRow(Row, table=True):
    """What a request says beyond its kind and time."""

    __tablename__ = "identity_wish"
    __table_args__ = (
        Index("ix_identity_wish_ref", "branch_id", "ref"),
        CheckConstraint(
            "(lat_udeg IS NULL) = (lon_udeg IS NULL) AND lat_udeg BETWEEN -90000000 AND 90000000"
            " AND lon_udeg BETWEEN -180000000 AND 180000000 AND lat_udeg % 5000 = 0 AND lon_udeg % 5000 = 0",
            name="place",
        ),
        CheckConstraint("is_experience_needed IN (0, 1)", name="is_experience_needed"),
        CheckConstraint("urgency BETWEEN 0 AND 3", name="urgency"),
        STRICT,
    )

    branch_id: int = key_number()
    request_no: int = key_number()
    ref: str = text()
    """Whose request it is."""
    lat_udeg: int | None = number(nullable=True)
    lon_udeg: int | None = number(nullable=True)
    languages: str = text()
    wished_gender: str | None = text(nullable=True)
    experience: str | None = text(nullable=True)
    is_experience_needed: int = number()
    clearances: str = text()
    team: str | None = text(nullable=True)
    urgency: int = number()


class ExperienceRow(Row, table=True):
    """What a member has lived through, as declared; used only once consented to."""

    __tablename__ = "identity_experience"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    ref: str = key_text()
    code: str = key_text()
    declared_on: str = text()
    consented_on: str | None = text(nullable=True)


class ClearanceRow(Row, table=True):
    """That a member passed a check: kind and days only."""

    __tablename__ = "identity_clearance"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    ref: str = key_text()
    kind: str = key_text()
    verified_on: str = text()
    expires_on: str | None = text(nullable=True)
    verified_by: str = text()


class ExclusionRow(Row, table=True):
    """Whom a member does not want to meet, helping or being helped; erased with either."""

    __tablename__ = "identity_exclusion"
    __table_args__ = (
        Index("ix_identity_exclusion_other", "branch_id", "other"),
        CheckConstraint("ref <> other", name="two"),
        STRICT,
    )

    branch_id: int = key_number()
    ref: str = key_text()
    other: str = key_text()
    since_on: str = text()


class ParkingRow(Row, table=True):
    """Two members who are not brought together until a day; erased with either."""

    __tablename__ = "identity_parking"
    __table_args__ = (
        Index("ix_identity_parking_member", "branch_id", "member"),
        CheckConstraint("helper <> member", name="two"),
        STRICT,
    )

    branch_id: int = key_number()
    helper: str = key_text()
    member: str = key_text()
    until_on: str = text()
    reason: str = text()
    match_no: int | None = number(nullable=True)
