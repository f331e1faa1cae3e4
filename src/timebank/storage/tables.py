"""The tables of branches, policies, accounts and the journal. Rows never leave `storage/`.

`entry` and `posting` are append-only: triggers refuse UPDATE and DELETE (I-2), check that an entry
balances (I-1), that sequence numbers have no gaps (I-13) and that running balances follow from one
another (I-4). The triggers live in the migrations.
"""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint

from timebank.storage.columns import STRICT, Row, blob, counter, key_bytes, key_number, key_text, number, text


def _account_key() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["branch_id", "account_no"], ["account.branch_id", "account.no"])


def _branch_key() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["branch_id"], ["branch.branch_id"])


class BranchRow(Row, table=True):
    """One time bank, or one local office of it."""

    __tablename__ = "branch"
    __table_args__ = (UniqueConstraint("code"), STRICT)

    branch_id: int = key_number()
    code: str = text()
    name: str = text()
    zone: str = text()
    created_us: int = number()


class BranchHeadRow(Row, table=True):
    """The end of a branch's journal: every write to the branch takes this row first."""

    __tablename__ = "branch_head"
    __table_args__ = (_branch_key(), STRICT)

    branch_id: int = key_number()
    entry_seq: int = number()
    revision: int = counter()
    """Counts the write transactions of the branch: who saw it unchanged knows that nothing changed."""
    last_us: int = counter()
    """The instant of the last write: what is recorded in a branch is never earlier than what was before."""
    is_frozen: int = counter()
    """1: the branch is being closed, and takes no other entries than those that close it."""


class BranchCounterRow(Row, table=True):
    """The last number given to a noun of the branch: account, hold, service record."""

    __tablename__ = "branch_counter"
    __table_args__ = (_branch_key(), STRICT)

    branch_id: int = key_number()
    noun: str = key_text()
    last_no: int = number()


class PolicyVersionRow(Row, table=True):
    """A branch's rules as one document; a version is never changed, a new one is set (append-only)."""

    __tablename__ = "policy_version"
    __table_args__ = (_branch_key(), STRICT)

    branch_id: int = key_number()
    version: int = key_number()
    effective_on: str = text()
    recorded_us: int = number()
    actor: str = text()
    document: str = text()
    fingerprint: bytes = blob()


class AccountRow(Row, table=True):
    """Where hours are held."""

    __tablename__ = "account"
    __table_args__ = (
        _branch_key(),
        UniqueConstraint("branch_id", "path", "unit"),
        STRICT,
    )

    branch_id: int = key_number()
    no: int = key_number()
    path: str = text()
    unit: str = text()
    opened_us: int = number()
    closed_us: int | None = number(nullable=True)


class AccountBalanceRow(Row, table=True):
    """The cached totals of an account, rebuildable from its postings (I-4)."""

    __tablename__ = "account_balance"
    __table_args__ = (_account_key(), STRICT)

    branch_id: int = key_number()
    account_no: int = key_number()
    balance: int = number()
    given: int = number()
    received: int = number()
    version: int = number()


class AccountLimitRow(Row, table=True):
    """A change of an account's own limits; the last one counts (append-only, I-5)."""

    __tablename__ = "account_limit"
    __table_args__ = (
        _account_key(),
        CheckConstraint("follows_policy IN (0, 1)", name="follows_policy"),
        STRICT,
    )

    branch_id: int = key_number()
    account_no: int = key_number()
    no: int = key_number()
    follows_policy: int = number()
    """1: the account has no limits of its own, the policy's count again."""
    floor: int | None = number(nullable=True)
    ceiling: int | None = number(nullable=True)
    warn_floor: int | None = number(nullable=True)
    warn_ceiling: int | None = number(nullable=True)
    actor: str = text()
    note_no: int | None = number(nullable=True)
    recorded_us: int = number()


class AccountOverrideRow(Row, table=True):
    """A permission to pass a limit: who, why (a note), until when (append-only, I-5)."""

    __tablename__ = "account_override"
    __table_args__ = (_account_key(), STRICT)

    branch_id: int = key_number()
    account_no: int = key_number()
    no: int = key_number()
    floor: int | None = number(nullable=True)
    ceiling: int | None = number(nullable=True)
    until_us: int = number()
    actor: str = text()
    note_no: int = number()
    recorded_us: int = number()


class EntryRow(Row, table=True):
    """The header of a journal entry; written after its postings (append-only, I-2)."""

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("branch_id", "cause_kind", "cause_ref", "step"),
        UniqueConstraint("branch_id", "reverses"),
        CheckConstraint("counts_help IN (-1, 0, 1)", name="counts_help"),
        CheckConstraint("(kind = 'reversal') = (reverses IS NOT NULL)", name="reverses"),
        CheckConstraint("reverses < seq", name="reverses_earlier"),
        CheckConstraint("length(details) = 32", name="details"),
        STRICT,
    )

    branch_id: int = key_number()
    seq: int = key_number()
    kind: str = text()
    cause_kind: str = text()
    cause_ref: str = text()
    step: int = number()
    effective_us: int = number()
    effective_on: str = text()
    recorded_us: int = number()
    policy_version: int = number()
    actor: str = text()
    reverses: int | None = number(nullable=True)
    counts_help: int = number()
    leaf: bytes = blob()
    details: bytes | None = blob(nullable=True)
    """The commitment to what is known of it beside the ledger's facts; see `ledger.details`."""


class PostingRow(Row, table=True):
    """One line of an entry (append-only, I-2)."""

    __tablename__ = "posting"
    __table_args__ = (
        _account_key(),
        UniqueConstraint("branch_id", "account_no", "account_seq"),
        CheckConstraint("side IN ('debit', 'credit')", name="side"),
        CheckConstraint("amount BETWEEN 1 AND 100000000", name="amount"),
        STRICT,
    )

    branch_id: int = key_number()
    entry_seq: int = key_number()
    line: int = key_number()
    account_no: int = number()
    side: str = text()
    amount: int = number()
    account_seq: int = number()
    balance_after: int = number()


class RequestKeyRow(Row, table=True):
    """An idempotency key that was used, with what it led to (append-only, I-9)."""

    __tablename__ = "request_key"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    key: bytes = key_bytes()
    fingerprint: bytes = blob()
    outcome: str = text()
    recorded_us: int = number()
    answer: str | None = text(nullable=True)
    """What the service answered, if it says no words: the same request gets the same bytes again."""


class ImportBatchRow(Row, table=True):
    """One import of a file: how much of it was new (append-only)."""

    __tablename__ = "import_batch"
    __table_args__ = (_branch_key(), STRICT)

    branch_id: int = key_number()
    no: int = key_number()
    layout: str = text()
    source: str = text()
    rows_new: int = number()
    rows_known: int = number()
    actor: str = text()
    recorded_us: int = number()
