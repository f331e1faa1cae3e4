"""Keep the log: tiles, keys, checkpoints, cosignatures, witnessed logs. Why: ADR 0025. Locks: none.

Backfill: the tiles of entries that are there, from their leaves, as far as these are numbered without a gap.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
TABLE = {"sqlite_strict": True, "sqlite_with_rowid": False}
TILE = 256
LAST = "COALESCE((SELECT MAX(seq) FROM entry WHERE branch_id = NEW.branch_id), 0)"
EXTENDED = "I-11: a tile is only ever extended"
TILE_AHEAD = "I-11: a tile goes no further than the entries"
AHEAD = "I-11: a checkpoint goes no further than the entries"
KEY_CHANGES = "I-11: a key is retired once and changes in nothing else"
WITNESS_STAYS = "I-11: a witnessed log does not shrink or change"
TILE_IS_AHEAD = f"NEW.idx * {TILE} + length(NEW.hashes) / 32 > ({LAST} >> CAST(8 * NEW.level AS integer))"
KEY_IS_OTHERWISE = (
    "OLD.retired_us IS NOT NULL OR NEW.retired_us IS NULL OR NEW.branch_id <> OLD.branch_id "
    "OR NEW.no <> OLD.no OR NEW.origin <> OLD.origin OR NEW.vkey <> OLD.vkey "
    "OR NEW.created_us <> OLD.created_us OR NEW.actor <> OLD.actor"
)
WITNESS_IS_OTHERWISE = (
    "NEW.origin <> OLD.origin OR NEW.size < OLD.size OR NEW.size = OLD.size AND NEW.root <> OLD.root"
)
KEYS = {
    "log_tile": ("branch_id", "level", "idx"),
    "log_key": ("branch_id", "no"),
    "log_checkpoint": ("branch_id", "size", "key_no"),
    "log_cosignature": ("branch_id", "size", "witness"),
    "witness_log": ("origin",),
}
APPEND_ONLY = ("log_checkpoint", "log_cosignature")


def upgrade() -> None:
    """Create the tables, fill the tiles, and guard all of them."""
    _tables()
    _fill_tiles()
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def _key(name: str) -> "sa.Column[int]":
    return sa.Column(name, WIDE, autoincrement=False, nullable=False)


def _tables() -> None:
    op.create_table(
        "log_tile",
        _key("branch_id"),
        _key("level"),
        _key("idx"),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 7", name=op.f("ck_log_tile_level")),
        sa.CheckConstraint("idx BETWEEN 0 AND 1099511627775", name=op.f("ck_log_tile_idx")),
        sa.CheckConstraint(
            "length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0", name=op.f("ck_log_tile_hashes")
        ),
        sa.PrimaryKeyConstraint("branch_id", "level", "idx", name=op.f("pk_log_tile")),
        **TABLE,
    )
    op.create_table(
        "log_key",
        _key("branch_id"),
        _key("no"),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("vkey", sa.Text(), nullable=False),
        sa.Column("created_us", WIDE, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("retired_us", WIDE, nullable=True),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_log_key")),
        **TABLE,
    )
    op.create_table(
        "log_checkpoint",
        _key("branch_id"),
        _key("size"),
        _key("key_no"),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_us", WIDE, nullable=False),
        sa.CheckConstraint("size >= 0", name=op.f("ck_log_checkpoint_size")),
        sa.ForeignKeyConstraint(
            ["branch_id", "key_no"],
            ["log_key.branch_id", "log_key.no"],
            name=op.f("fk_log_checkpoint_branch_id_key_no"),
        ),
        sa.PrimaryKeyConstraint("branch_id", "size", "key_no", name=op.f("pk_log_checkpoint")),
        **TABLE,
    )
    op.create_table(
        "log_cosignature",
        _key("branch_id"),
        _key("size"),
        sa.Column("witness", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("branch_id", "size", "witness", name=op.f("pk_log_cosignature")),
        **TABLE,
    )
    op.create_table(
        "witness_log",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("vkey", sa.Text(), nullable=False),
        sa.Column("size", WIDE, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("size >= 0 AND length(root) = 32", name=op.f("ck_witness_log_size")),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_witness_log")),
        **TABLE,
    )


def _fill_tiles() -> None:
    connection = op.get_bind()
    tile = sa.table(
        "log_tile",
        *(sa.column(name, WIDE) for name in ("branch_id", "level", "idx")),
        sa.column("hashes", sa.LargeBinary()),
    )
    for here in list(
        connection.execute(sa.text("SELECT branch_id FROM branch ORDER BY branch_id")).scalars()
    ):
        hashes, level = list(_tops(_leaves(connection, here))), 1
        while hashes:
            for start in range(0, len(hashes), TILE):
                row = {"branch_id": here, "level": level, "idx": start // TILE}
                connection.execute(tile.insert(), row | {"hashes": b"".join(hashes[start : start + TILE])})
            hashes, level = list(_tops(iter(hashes))), level + 1


def _leaves(connection: sa.Connection, here: int) -> Iterator[bytes]:
    """Yield leaves as long as entries are numbered 1, 2, 3 …: what follows a gap is the audit's matter."""
    query = sa.text("SELECT seq, leaf FROM entry WHERE branch_id = :here ORDER BY seq")
    found: Any = connection.execute(query.execution_options(yield_per=5_000), {"here": here})
    for expected, (seq, leaf) in enumerate(found, 1):
        if seq != expected:
            break
        yield bytes(leaf)
    found.close()


def _tops(hashes: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the root over every full tile: RFC 9162, a one byte before two hashes."""
    row: list[bytes] = []
    for each in hashes:
        row.append(each)
        if len(row) == TILE:
            while len(row) > 1:
                pairs = zip(row[::2], row[1::2], strict=True)
                row = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
            yield row.pop()


def _never(table: str, what: str, event: str) -> str:
    return (
        f"CREATE TRIGGER {table}_never_{what} BEFORE {event} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'I-2: a row of {table} is never {what}'); END"
    )


def _guard_on_sqlite() -> None:
    for table, columns in KEYS.items():
        op.execute(_never(table, "deleted", "DELETE"))
        same = " AND ".join(f"{column} = NEW.{column}" for column in columns)
        op.execute(
            f"CREATE TRIGGER {table}_never_replaced BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
            f"BEGIN SELECT RAISE(ABORT, 'I-2: a row of {table} is never replaced'); END"
        )
    for table in APPEND_ONLY:
        op.execute(_never(table, "updated", "UPDATE").replace("is never updated", "is never changed"))
    otherwise = (
        "NEW.branch_id <> OLD.branch_id OR NEW.level <> OLD.level OR NEW.idx <> OLD.idx "
        "OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes"
    )
    for name, event, condition, words in (
        ("log_tile_extended", "UPDATE ON log_tile", otherwise, EXTENDED),
        ("log_tile_added_behind", "INSERT ON log_tile", TILE_IS_AHEAD, TILE_AHEAD),
        ("log_tile_extended_behind", "UPDATE ON log_tile", TILE_IS_AHEAD, TILE_AHEAD),
        ("log_checkpoint_behind", "INSERT ON log_checkpoint", f"NEW.size > {LAST}", AHEAD),
        ("log_key_retired_once", "UPDATE ON log_key", KEY_IS_OTHERWISE, KEY_CHANGES),
        ("witness_log_stays", "UPDATE ON witness_log", WITNESS_IS_OTHERWISE, WITNESS_STAYS),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )


FUNCTIONS = {
    "guard_log_tile": f"""
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.branch_id <> OLD.branch_id OR NEW.level <> OLD.level OR NEW.idx <> OLD.idx
        OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes)
    THEN
        RAISE EXCEPTION '{EXTENDED}';
    END IF;
    IF {TILE_IS_AHEAD} THEN
        RAISE EXCEPTION '{TILE_AHEAD}';
    END IF;
    RETURN NEW;
END
""",
    "guard_log_checkpoint": f"""
BEGIN
    IF NEW.size > {LAST} THEN
        RAISE EXCEPTION '{AHEAD}';
    END IF;
    RETURN NEW;
END
""",
    "guard_log_key": f"""
BEGIN
    RAISE EXCEPTION '{KEY_CHANGES}';
END
""",
    "guard_witness_log": f"""
BEGIN
    RAISE EXCEPTION '{WITNESS_STAYS}';
END
""",
}
TRIGGERS = (
    ("log_tile", "log_tile_extended", "BEFORE INSERT OR UPDATE", "FOR EACH ROW", "guard_log_tile"),
    ("log_checkpoint", "log_checkpoint_behind", "BEFORE INSERT", "FOR EACH ROW", "guard_log_checkpoint"),
    (
        *("log_key", "log_key_retired_once", "BEFORE UPDATE"),
        *(f"FOR EACH ROW WHEN ({KEY_IS_OTHERWISE})", "guard_log_key"),
    ),
    (
        *("witness_log", "witness_log_stays", "BEFORE UPDATE"),
        *(f"FOR EACH ROW WHEN ({WITNESS_IS_OTHERWISE})", "guard_witness_log"),
    ),
    *(
        (table, f"{table}_never_updated", "BEFORE UPDATE", "FOR EACH STATEMENT", "guard_never_changed")
        for table in APPEND_ONLY
    ),
    *(
        (
            *(table, f"{table}_never_deleted", "BEFORE DELETE OR TRUNCATE"),
            *("FOR EACH STATEMENT", "guard_never_changed"),
        )
        for table in KEYS
    ),
)
"""Table, trigger, when, for what, and the function."""


def _guard_on_postgresql() -> None:
    """As 0005 does for the books; its function for rows that never change is there already."""
    connection = op.get_bind()
    schema = connection.dialect.identifier_preparer.quote(
        connection.execute(sa.text("SELECT current_schema()")).scalar_one()
    )
    for name, body in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
            f"SET search_path = {schema}, pg_temp AS $guard${body}$guard$"
        )
    for table, name, when, each, function in TRIGGERS:
        op.execute(f"CREATE TRIGGER {name} {when} ON {table} {each} EXECUTE FUNCTION {function}()")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
