"""Keep what matching must know of people, erasable, and matches. Why: ADR 0022. Backfill, locks: none."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
ON_THE_GRID = (
    "(lat_udeg IS NULL) = (lon_udeg IS NULL) AND lat_udeg BETWEEN -90000000 AND 90000000"
    " AND lon_udeg BETWEEN -180000000 AND 180000000 AND lat_udeg % 5000 = 0 AND lon_udeg % 5000 = 0"
)


def upgrade() -> None:
    _people()
    _pairs()
    _matches()


def _people() -> None:
    _create(
        "identity_profile",
        _text("ref"),
        _number("lat_udeg", nullable=True),
        _number("lon_udeg", nullable=True),
        _number("reach_metres", nullable=True),
        _text("travel", nullable=True),
        _text("languages"),
        _text("gender", nullable=True),
        _text("wished_gender", nullable=True),
        _text("household", nullable=True),
        _number("day_minutes", nullable=True),
        _number("rest_minutes", nullable=True),
        _text("teams"),
        key=("ref",),
        checks={
            "home": ON_THE_GRID,
            "reach_metres": "reach_metres >= 0",
            "minutes": "day_minutes > 0 AND rest_minutes >= 0",
        },
    )
    _create(
        "identity_wish",
        _number("request_no"),
        _text("ref"),
        _number("lat_udeg", nullable=True),
        _number("lon_udeg", nullable=True),
        _text("languages"),
        _text("wished_gender", nullable=True),
        _text("experience", nullable=True),
        _number("is_experience_needed"),
        _text("clearances"),
        _text("team", nullable=True),
        _number("urgency"),
        key=("request_no",),
        checks={
            "place": ON_THE_GRID,
            "is_experience_needed": "is_experience_needed IN (0, 1)",
            "urgency": "urgency BETWEEN 0 AND 3",
        },
    )
    op.create_index("ix_identity_wish_ref", "identity_wish", ["branch_id", "ref"])
    _create(
        "identity_experience",
        _text("ref"),
        _text("code"),
        _text("declared_on"),
        _text("consented_on", nullable=True),
        key=("ref", "code"),
    )
    _create(
        "identity_clearance",
        _text("ref"),
        _text("kind"),
        _text("verified_on"),
        _text("expires_on", nullable=True),
        _text("verified_by"),
        key=("ref", "kind"),
    )


def _pairs() -> None:
    _create(
        "identity_exclusion",
        _text("ref"),
        _text("other"),
        _text("since_on"),
        key=("ref", "other"),
        checks={"two": "ref <> other"},
    )
    op.create_index("ix_identity_exclusion_other", "identity_exclusion", ["branch_id", "other"])
    _create(
        "identity_parking",
        _text("helper"),
        _text("member"),
        _text("until_on"),
        _text("reason"),
        _number("match_no", nullable=True),
        key=("helper", "member"),
        checks={"two": "helper <> member"},
    )
    op.create_index("ix_identity_parking_member", "identity_parking", ["branch_id", "member"])


def _matches() -> None:
    _create(
        "help_match",
        _number("no"),
        _number("request_no"),
        _text("member"),
        _text("helper"),
        _number("offer_no"),
        _number("starts"),
        _number("rank"),
        _text("weights"),
        _text("state"),
        _number("offered_us"),
        _text("offered_by"),
        _number("expires_us"),
        _number("changed_us", nullable=True),
        _text("changed_by", nullable=True),
        _text("outcome", nullable=True),
        key=("no",),
        checks={
            "state": "state IN ('offered', 'accepted', 'declined', 'expired', 'withdrawn')",
            "changed_us": "(state = 'offered') = (changed_us IS NULL)",
            "outcome": "outcome IS NULL OR (outcome IN ('helped', 'not_helped') AND state = 'accepted')",
            "rank": "rank > 0",
        },
        parents={"request_no": "help_request", "offer_no": "help_offer"},
    )
    op.create_index("ix_help_match_request", "help_match", ["branch_id", "request_no"])
    op.create_index("ix_help_match_helper", "help_match", ["branch_id", "helper", "offered_us"])
    op.create_index("ix_help_match_state", "help_match", ["branch_id", "state", "expires_us"])


def _create(
    name: str,
    *columns: "sa.Column[Any]",
    key: tuple[str, ...],
    checks: dict[str, str] | None = None,
    parents: dict[str, str] | None = None,
) -> None:
    op.create_table(
        name,
        sa.Column("branch_id", WIDE, autoincrement=False, nullable=False),
        *columns,
        *(sa.CheckConstraint(text, name=op.f(f"ck_{name}_{what}")) for what, text in (checks or {}).items()),
        *(
            sa.ForeignKeyConstraint(
                ["branch_id", column],
                [f"{parent}.branch_id", f"{parent}.no"],
                name=op.f(f"fk_{name}_branch_id_{column}"),
            )
            for column, parent in (parents or {}).items()
        ),
        sa.PrimaryKeyConstraint("branch_id", *key, name=op.f(f"pk_{name}")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _number(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, WIDE, autoincrement=False, nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.Text(), nullable=nullable)
