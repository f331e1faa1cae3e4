import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.builders import DESK, NOW, a_bank, a_branch, help_given
from tests.integration.worlds import a_world

from timebank.clock import SteppingClock
from timebank.ledger.chart import available
from timebank.services.posting import undo
from timebank.storage.transaction import Transaction

JOURNAL = ("entry", "posting")
APPEND_ONLY = (
    *JOURNAL,
    "policy_version",
    "account_limit",
    "account_override",
    "request_key",
    "import_batch",
    "service_event",
    "redemption_event",
    "beneficiary_event",
    "outbox",
)
NEVER_DELETED = (
    "branch",
    "branch_head",
    "account",
    "account_balance",
    "member",
    "hold",
    "service_record",
    "redemption",
)


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy of the world with plain sqlite3, none of our pragmas set: what a curious admin does."""
    a_world(tmp_path)
    with closing(sqlite3.connect(tmp_path / "bank.db", isolation_level=None)) as connection:
        yield connection


def keys_of(raw: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns of a table's primary key."""
    return [name for _, name, _, _, _, key in raw.execute(f"PRAGMA table_info({table})") if key]


def dump(raw: sqlite3.Connection) -> list[str]:
    """Return the whole content of a database."""
    return list(raw.iterdump())


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_sql_changes_a_row_that_was_written(raw: sqlite3.Connection, table: str) -> None:
    """I-2 holds against whoever has the file open, on every column, with the I-number in the refusal."""
    before = dump(raw)

    for _, column, *_ in raw.execute(f"PRAGMA table_info({table})").fetchall():
        with pytest.raises(sqlite3.IntegrityError, match=f"I-2: a row of {table} is never changed"):
            raw.execute(f"UPDATE {table} SET {column} = {column}")
        with pytest.raises(sqlite3.IntegrityError, match="I-2"):
            raw.execute(f"UPDATE OR REPLACE {table} SET {column} = {column}")

    assert before == dump(raw)


@pytest.mark.parametrize("table", APPEND_ONLY + NEVER_DELETED)
def test_no_sql_deletes_a_row_of_the_books(raw: sqlite3.Connection, table: str) -> None:
    """I-2: only identities are ever erased."""
    before = dump(raw)

    with pytest.raises(sqlite3.IntegrityError, match=f"I-2: a row of {table} is never deleted"):
        raw.execute(f"DELETE FROM {table}")

    assert before == dump(raw)


@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE", "INSERT"])
@pytest.mark.parametrize("table", APPEND_ONLY + NEVER_DELETED)
def test_no_sql_puts_another_row_in_the_place_of_one(raw: sqlite3.Connection, table: str, verb: str) -> None:
    """REPLACE deletes without firing delete triggers, unless a connection asks for it; I-2 holds anyway."""
    before = dump(raw)

    for (row,) in [(row,) for row in raw.execute(f"SELECT * FROM {table}").fetchall()]:
        marks = ", ".join("?" * len(row))
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(f"{verb} INTO {table} VALUES ({marks})", row)

    assert before == dump(raw)


@pytest.mark.parametrize(
    ("table", "unique"),
    [
        ("entry", ("cause_kind", "cause_ref", "step")),
        ("entry", ("reverses",)),
        ("posting", ("account_no", "account_seq")),
        ("account", ("path", "unit")),
        ("branch", ("code",)),
    ],
)
def test_no_sql_replaces_a_row_through_its_other_names(
    raw: sqlite3.Connection, table: str, unique: tuple[str, ...]
) -> None:
    """A row with a fresh key, but the cause, version or path of another one, would push that one out."""
    columns = [name for _, name, *_ in raw.execute(f"PRAGMA table_info({table})")]
    where = " AND ".join(f"{name} IS NOT NULL" for name in unique)
    row = dict(zip(columns, raw.execute(f"SELECT * FROM {table} WHERE {where}").fetchone(), strict=True))
    key = keys_of(raw, table)
    fresh = raw.execute(f"SELECT MAX({key[-1]}) + 1 FROM {table} WHERE branch_id = 1").fetchone()[0]
    row |= {"seq": fresh} if table == "entry" else {key[-1]: fresh} if table != "posting" else {}
    if table == "entry":
        _a_pair_for(raw, fresh)
        row |= {} if unique == ("reverses",) else {"reverses": None, "kind": "transfer"}
    if table == "posting":
        row |= {"entry_seq": raw.execute("SELECT MAX(entry_seq) + 1 FROM posting").fetchone()[0]}
    before = dump(raw)

    # A posting that does not follow its account's last one is refused before anything else is looked at.
    with pytest.raises(sqlite3.IntegrityError, match="I-4" if table == "posting" else "I-2"):
        raw.execute(f"REPLACE INTO {table} VALUES ({', '.join('?' * len(row))})", tuple(row.values()))

    assert before == dump(raw)


def _a_pair_for(raw: sqlite3.Connection, seq: int) -> None:
    """Write two postings that balance and follow, for an entry that is still to come."""
    for line, side in ((1, "debit"), (2, "credit")):
        insert_posting(raw, seq, line=line, account=line, side=side, amount=5)


def insert_posting(  # noqa: PLR0917 - the columns
    raw: sqlite3.Connection,
    seq: int,
    line: int,
    account: int,
    side: str,
    amount: int,
    off_by: int = 0,
    ahead: int = 1,
) -> None:
    """Insert a posting of Lille whose running balance follows, unless told otherwise."""
    last = raw.execute(
        "SELECT account_seq, balance_after FROM posting WHERE branch_id = 1 AND account_no = ?"
        " ORDER BY account_seq DESC LIMIT 1",
        (account,),
    ).fetchone() or (0, 0)
    change = amount if side == "credit" else -amount
    after = last[1] + change + off_by
    raw.execute(
        "INSERT INTO posting VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
        (seq, line, account, side, amount, last[0] + ahead, after),
    )


def insert_entry(raw: sqlite3.Connection, seq: int, **changes: object) -> None:
    """Insert the header of an entry of Lille."""
    columns = [name for _, name, *_ in raw.execute("PRAGMA table_info(entry)")]
    row = dict(
        zip(columns, raw.execute("SELECT * FROM entry WHERE kind = 'transfer'").fetchone(), strict=True)
    )
    row |= {"branch_id": 1, "seq": seq, "cause_ref": "x", **changes}
    raw.execute(f"INSERT INTO entry VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def next_seq(raw: sqlite3.Connection) -> int:
    """Return the number the next entry of Lille has to have."""
    return int(raw.execute("SELECT MAX(seq) + 1 FROM entry WHERE branch_id = 1").fetchone()[0])


def test_a_balanced_entry_that_follows_is_what_the_guards_let_through(raw: sqlite3.Connection) -> None:
    """The guards refuse what breaks a rule, and nothing else: the tests below bite for their own reasons."""
    seq = next_seq(raw)

    _a_pair_for(raw, seq)
    insert_entry(raw, seq)

    assert seq + 1 == next_seq(raw)


def test_an_unbalanced_entry_is_refused(raw: sqlite3.Connection) -> None:
    """I-1, also when each running balance follows."""
    seq = next_seq(raw)
    insert_posting(raw, seq, line=1, account=1, side="debit", amount=5)
    insert_posting(raw, seq, line=2, account=2, side="credit", amount=6)

    with pytest.raises(sqlite3.IntegrityError, match="I-1: debits and credits differ"):
        insert_entry(raw, seq)


def test_units_balance_one_by_one(raw: sqlite3.Connection) -> None:
    """I-12: five minutes against five service minutes is no balance."""
    seq = next_seq(raw)
    (service,) = raw.execute("SELECT no FROM account WHERE branch_id = 1 AND unit = 'svc'").fetchone()
    insert_posting(raw, seq, line=1, account=1, side="debit", amount=5)
    insert_posting(raw, seq, line=2, account=service, side="credit", amount=5)

    with pytest.raises(sqlite3.IntegrityError, match="I-1: debits and credits differ"):
        insert_entry(raw, seq)


@pytest.mark.parametrize("lines", [0, 1])
def test_an_entry_without_two_postings_is_refused(raw: sqlite3.Connection, lines: int) -> None:
    """I-1: a header alone is nothing."""
    seq = next_seq(raw)
    if lines:
        insert_posting(raw, seq, line=1, account=1, side="debit", amount=5)

    with pytest.raises(sqlite3.IntegrityError, match="I-1: an entry has at least two postings"):
        insert_entry(raw, seq)


@pytest.mark.parametrize("off", [-1, 1, 100])
def test_a_gap_in_the_journal_is_refused(raw: sqlite3.Connection, off: int) -> None:
    """I-13, in both directions."""
    seq = next_seq(raw) + off
    if off > 0:
        _a_pair_for(raw, seq)

    with pytest.raises(sqlite3.IntegrityError, match="I-13: the entry does not follow"):
        insert_entry(raw, seq)


@pytest.mark.parametrize(("off_by", "ahead"), [(1, 1), (-1, 1), (0, 2), (0, 1000)])
def test_a_running_balance_that_does_not_follow_is_refused(
    raw: sqlite3.Connection, off_by: int, ahead: int
) -> None:
    """I-4: neither another balance nor another version."""
    with pytest.raises(sqlite3.IntegrityError, match="I-4: the running balance does not follow"):
        insert_posting(
            raw, next_seq(raw), line=1, account=1, side="debit", amount=5, off_by=off_by, ahead=ahead
        )


def test_a_posting_cannot_join_a_written_entry(raw: sqlite3.Connection) -> None:
    """I-2: what was balanced stays what it was."""
    with pytest.raises(sqlite3.IntegrityError, match="I-2: a posting cannot join a written entry"):
        insert_posting(raw, next_seq(raw) - 1, line=9, account=1, side="debit", amount=5)


@pytest.mark.parametrize("amount", [0, -5, 100_000_001, 2**62])
def test_an_amount_out_of_range_is_refused(raw: sqlite3.Connection, amount: int) -> None:
    """I-1: a negative credit would be a debit in disguise."""
    with pytest.raises(sqlite3.IntegrityError, match="ck_posting_amount"):
        insert_posting(raw, next_seq(raw), line=1, account=1, side="credit", amount=amount)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("posting", "amount", "abc"),
        ("posting", "amount", 1.5),
        ("posting", "amount", float("inf")),
        ("posting", "amount", float("nan")),
        ("posting", "amount", None),
        ("posting", "side", "both"),
        ("posting", "side", 5),
        ("hold", "minutes", b"120"),
        ("hold", "minutes", 0),
        ("hold", "state", "lost"),
        ("service_record", "minutes", "ninety"),
        ("service_record", "provider", None),
        ("entry", "counts_help", 2),
        ("entry", "reverses", 10**9),
        ("member", "joined_on", None),
    ],
)
def test_every_column_keeps_to_its_type(
    raw: sqlite3.Connection, table: str, column: str, value: object
) -> None:
    """STRICT, NOT NULL and CHECK: SQLite would otherwise keep a NaN as NULL, and CHECK lets NULL pass."""
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")

    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(f"UPDATE {table} SET {column} = ?", (value,))


def test_a_pending_hold_changes_by_being_resolved_only(raw: sqlite3.Connection) -> None:
    """I-6: not its minutes, not its deadline, not half of it."""
    pending = "UPDATE hold SET {} WHERE branch_id = 1 AND no = 6"
    for change in (
        "minutes = 600",
        "expires_us = expires_us + 1",
        "member = 'm1'",
        "cause_ref = 'lille-1'",
        "no = 60",
        "branch_id = 2",
        "captured_minutes = 5",
        "state = 'released', captured_minutes = 5",
        "state = 'captured'",
        "state = 'captured', captured_minutes = 5, minutes = 600",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(pending.format(change))

    raw.execute(pending.format("state = 'captured', captured_minutes = 5"))


@pytest.mark.parametrize("no", [1, 2, 3, 5])
def test_a_hold_resolves_once_in_sql_too(raw: sqlite3.Connection, no: int) -> None:
    """I-6: captured and released alike."""
    for state in ("pending", "captured", "released", "expired"):
        with pytest.raises(sqlite3.IntegrityError, match="I-6"):
            raw.execute("UPDATE hold SET state = ? WHERE branch_id = 1 AND no = ?", (state, no))


@pytest.mark.parametrize("column", ["branch_id", "no", "path", "unit", "opened_us"])
def test_an_account_keeps_its_name(raw: sqlite3.Connection, column: str) -> None:
    """Its path stands in the leaves of its entries (I-2)."""
    with pytest.raises(sqlite3.IntegrityError, match="I-2: an account keeps its path and unit"):
        raw.execute(f"UPDATE account SET {column} = {column}")


def test_a_posting_names_an_account_there_is(tmp_path: Path) -> None:
    """Foreign keys are on in every connection of ours."""
    bank = a_branch(tmp_path)
    with bank.store.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("foreign_keys", "synchronous", "secure_delete", "recursive_triggers", "journal_mode")
        }
    bank.close()

    assert {
        "foreign_keys": 1,
        "synchronous": 2,
        "secure_delete": 1,
        "recursive_triggers": 1,
        "journal_mode": "wal",
    } == pragmas


def test_a_use_case_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """All of it or nothing: the unit of work rolls back whatever was decided before the failure."""
    bank = a_branch(tmp_path)
    help_given(bank)
    with closing(sqlite3.connect(tmp_path / "bank.db")) as raw:
        before = dump(raw)

        with pytest.raises(ZeroDivisionError), bank.store.write("lille") as tx:
            _write_much_then_fail(tx)

        assert before == dump(raw)
    bank.close()


def _write_much_then_fail(tx: Transaction) -> None:
    books = tx.books("lille")
    books.accounts.open("fund:branch")
    books.identities.write_note("sample words", about="entry 1")
    undo(books, books.reader.entry(1), actor=DESK)
    books.flush()
    raise ZeroDivisionError


def test_a_statement_is_read_in_pieces_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Journals are streamed: what a chunk holds must not show."""
    bank = a_branch(tmp_path)
    for no in range(5):
        help_given(bank, minutes=15, ago=timedelta(minutes=30 * no + 30))
    whole = bank.statements.statement("lille", available("m1"))

    monkeypatch.setattr("timebank.storage.reading.CHUNK", 2)
    monkeypatch.setattr("timebank.storage.evidence.CHUNK", 2)

    assert whole == bank.statements.statement("lille", available("m1"))
    assert bank.audits.run().ok
    bank.close()


def test_the_closing_of_a_period_is_the_opening_of_the_next(tmp_path: Path) -> None:
    """Both days of a period belong to it, wherever the books are cut; the trial balance agrees."""
    bank = a_branch(tmp_path)
    for days in (3, 2, 1):
        help_given(bank, minutes=15 * days, ago=timedelta(days=days))
    path = available("m1")

    for cut in (date(2026, 6, day) for day in range(11, 16)):
        first = bank.statements.statement("lille", path, last_on=cut)
        second = bank.statements.statement("lille", path, first_on=cut + timedelta(days=1))
        (trial,) = bank.statements.trial_balance("lille", on=cut) or (None,)

        assert first.closing == second.opening
        assert [1, 2, 3] == [line.entry for line in (*first.lines, *second.lines)]
        assert all(line.effective_on <= cut for line in first.lines)
        assert [cut] == [line.effective_on for line in first.lines][-1:] or cut not in {
            line.effective_on for line in (*first.lines, *second.lines)
        }
        if trial is not None:
            assert first.closing == sum(row.credit - row.debit for row in trial.rows if row.path == path)
    bank.close()


def test_a_statement_as_known_then_does_not_know_what_was_undone_since(tmp_path: Path) -> None:
    """Two time axes: on the first day nobody knew that the entry would be reversed on the second."""
    clock = SteppingClock(NOW)
    bank = a_branch(tmp_path, clock=clock)
    help_given(bank)
    path = available("m1")
    first = bank.statements.statement("lille", path)
    clock.advance(timedelta(days=1))
    bank.hours.decide("lille", 1, is_confirmed=False, reason="it was another day")

    then = bank.statements.statement("lille", path, known_at=NOW)
    now = bank.statements.statement("lille", path)

    assert first.lines == then.lines
    assert [(1, None), (2, 1)] == [(line.entry, line.reverses) for line in now.lines]
    assert [2, None] == [line.reversed_by for line in now.lines]
    bank.close()


def test_a_posting_finds_its_account_whatever_unit_is_in_hand(tmp_path: Path) -> None:
    """Looking at minutes first must not hide the same path's service minutes (I-12)."""
    bank = a_branch(tmp_path)
    bank.hours.log(
        "lille",
        provider="m1",
        recipient="member:m2",
        minutes=60,
        kind="reading",
        unit="svc",
        start_at=NOW - timedelta(hours=3),
        by="member:m1",
    )
    bank.hours.confirm("lille", 1, by="member:m2")

    with bank.store.write("lille") as tx:
        journal = tx.books("lille").journal
        journal.state(available("m1"))
        journal.state(available("m2"))
        entry = tx.books("lille").reader.entry(1)
        undo(tx.books("lille"), entry, actor=entry.draft.actor)

    assert [0] == [view.balance for view in bank.accounts.list("lille") if view.unit == "svc"][:1]
    bank.close()


def test_reopening_reads_what_was_written(tmp_path: Path) -> None:
    """The file alone holds the books."""
    bank = a_branch(tmp_path)
    help_given(bank)
    views = bank.accounts.list("lille")
    bank.close()

    again = a_bank(tmp_path)

    assert views == again.accounts.list("lille")
    again.close()
