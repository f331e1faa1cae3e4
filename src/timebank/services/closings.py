"""Closings: freeze a branch, then move all that it owes and is owed to a successor, in one balanced story.

Owns, for closing, I-7: all books that are touched change in one database transaction, and the cause
`closing CODE` names the entries in each of them. Afterwards every balance of the closed branch is zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from timebank.care.inputs import reason_of
from timebank.care.life import LifeAct, require_settled
from timebank.care.mandate import require_coordinator
from timebank.care.member import Member
from timebank.errors import BranchClosed, BranchFrozen, BranchNotFrozen, SameAccount
from timebank.ledger.chart import AccountKind, available, clearing, place_of
from timebank.ledger.model import Actor, Cause, EntryKind, Posting, credit, debit
from timebank.ledger.statement import TrialBalance, trial_balance_of
from timebank.services.leavings import open_matters
from timebank.services.posting import post
from timebank.services.service import Service, Who, act_in, of_branch
from timebank.storage.books import Books
from timebank.storage.dump import partners_of
from timebank.storage.life import BRANCH, MEMBER
from timebank.storage.transaction import Transaction

UNPLACED: Final = "suspense:unplaced"
"""Where the successor keeps what belongs to nobody whom it can take in."""
LINES_MOST: Final = 200
"""Accounts moved by one entry; a longer closing has several, steps of one cause."""

Balance = tuple[str, str, int]
"""Path, unit and balance of an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A branch, and whether it takes no other entries than those that close it."""

    branch: str
    is_frozen: bool
    trial_balance: tuple[TrialBalance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A balance that went from an account of the closed branch to one of another branch."""

    path: str
    unit: str
    balance: int
    branch: str
    to: str
    is_placed: bool
    """Whether somebody has it; else it waits in the successor's `suspense:unplaced`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A branch that was closed, what went where, and the entries in every book."""

    branch: str
    successor: str
    before: tuple[TrialBalance, ...]
    """Its trial balance when it was closed; afterwards every balance is zero."""
    moved: tuple[Moved, ...]
    entries: tuple[tuple[str, int], ...]

    @property
    def unplaced(self) -> tuple[Moved, ...]:
        """What could not be placed."""
        return tuple(each for each in self.moved if not each.is_placed)


class Closings(Service):
    """Use cases on the end of a branch."""

    def freeze(
        self, branch: str, *, lift: bool = False, reason: str, by: Who | None = None, key: str | None = None
    ) -> Frozen:
        """Let a branch take no new entries, or all again; doing it twice changes nothing.

        Args:
            branch: its code.
            lift: take entries again.
            reason: why; kept with the names.
            by: a coordinator of the branch.
            key: idempotency key.

        Raises:
            UnknownBranch, NotAllowed, ReasonMissing, BadText, KeyReused: in this order.
            BranchClosed: it is closed for ever.
            OpenMatters: holds, records or redemptions are open; each is named.
        """
        with self.store.write(branch) as tx:
            books, actor = tx.books(branch), self.actor(by)
            request = books.requests.open(key, "branch freeze", lift, actor)
            head = books.desk.head
            assert head is not None, "who writes has taken the head"
            if request.outcome is None:
                require_coordinator(act_in(books, actor), branch)
                words = reason_of(reason)
                _require_open(books)
                if not lift:
                    require_settled(branch, open_matters(books))
                if bool(head.is_frozen) == lift:
                    note_no = books.identities.write_note(words, about=f"branch {branch}", members=[])
                    act = LifeAct.THAWED if lift else LifeAct.FROZEN
                    books.life.freeze(is_frozen=not lift)
                    books.life.add(BRANCH, branch, act, on=books.today, actor=actor, note_no=note_no)
            done = Frozen(branch=branch, is_frozen=bool(head.is_frozen), trial_balance=_trial_balance(books))
            request.done(branch, done)
            return done

    def close(
        self, branch: str, *, to: str, reason: str, by: Who | None = None, key: str | None = None
    ) -> Closed:
        """Close a frozen branch: every balance goes to a successor, through clearing, at once.

        Members who are there join the successor; funds and issuance go to those of the same name; what other
        branches owe or are owed, the successor does. What belongs to nobody whom the successor can take in,
        for they left, died or were erased, waits there in `suspense:unplaced`.

        Args:
            branch: its code.
            to: code of the successor, which takes over all of it.
            reason: why; kept with the names.
            by: a coordinator of the branch.
            key: idempotency key.

        Raises:
            UnknownBranch, NotAllowed, ReasonMissing, BadText, KeyReused: in this order.
            SameAccount: it would be its own successor.
            BranchClosed, BranchNotFrozen, BranchFrozen: of the branch, or of the successor.
            OpenMatters: something is still open.
        """
        if to == branch:
            raise SameAccount(path=branch)
        with self.store.read() as tx:
            partners = partners_of(tx.books(branch).desk)
        with self.store.write(branch, to, *partners) as tx:
            books, actor = tx.books(branch), self.actor(by)
            request = books.requests.open(key, "branch close", to, actor)
            if request.outcome is not None:
                return _closed(tx, branch)
            require_coordinator(act_in(books, actor), branch)
            words = reason_of(reason)
            _require_ready(books, tx.books(to))
            require_settled(branch, open_matters(books))
            closing = _Closing(tx, books, tx.books(to), actor)
            closing.move()
            note_no = books.identities.write_note(words, about=f"branch {branch}", members=[])
            books.life.add(
                BRANCH, branch, LifeAct.CLOSED, on=books.today, actor=actor, other=to, note_no=note_no
            )
            done = Closed(
                branch=branch,
                successor=to,
                before=closing.before,
                moved=tuple(closing.moved),
                entries=tuple(closing.entries),
            )
            request.done(to, done)
            return done


@dataclass(slots=True)
class _Closing:
    """The doing of it: one pass over the balances of the branch that goes."""

    tx: Transaction
    old: Books
    new: Books
    actor: Actor
    before: tuple[TrialBalance, ...] = ()
    moved: list[Moved] = field(default_factory=list)
    entries: list[tuple[str, int]] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)

    def move(self) -> None:
        """Move everything, and let the members go."""
        self.before = _trial_balance(self.old)
        refs = self._taken_in()
        balances = [each for each in sorted(self.old.reader.balances()) if each[2] != 0]
        there = clearing(self.new.branch.code)
        owed = [each for each in balances if place_of(each[0]).kind is AccountKind.CLEARING]
        for path, unit, balance in owed:
            if path != there:
                self._hand_over(path, unit, balance)
        own = [each for each in balances if each not in owed]
        for start in range(0, len(own), LINES_MOST):
            self._carry(own[start : start + LINES_MOST], refs)
        for ref, other in refs.items():
            self.old.members.end(ref, on=max(self.old.today, self.old.members.get(ref).joined_on))
            self.old.life.add(
                MEMBER,
                ref,
                LifeAct.MOVED,
                on=self.old.today,
                actor=self.actor,
                other=f"{other}@{self.new.branch.code}",
            )

    def _taken_in(self) -> dict[str, str]:
        """Let every member who is there and known join the successor; returns their new references."""
        refs: dict[str, str] = {}
        taken = set(self.new.members.refs())
        ended = {event.ref for event in self.old.life.of_members()}
        for member in self.old.members.list():
            identity = self.old.identities.find(member.ref)
            if identity is None or member.ref in ended or not member.is_active(self.old.today):
                continue
            ref = self.new.members.free_ref(taken)
            taken.add(ref)
            code = self.new.branch.code
            joined = Member(branch=code, ref=ref, kind=member.kind, joined_on=self.new.today)
            self.new.members.add(joined)
            self.new.identities.add(replace(identity, branch=code, ref=ref))
            self.new.accounts.open(available(ref))
            refs[member.ref] = ref
        return refs

    def _hand_over(self, path: str, unit: str, balance: int) -> None:
        """Let the successor owe a third branch, or be owed by it, in the place of the one that goes."""
        third = self.tx.books(place_of(path).name)
        old, new = self.old.branch.code, self.new.branch.code
        self._post(self.old, [(path, unit, -balance), (clearing(new), unit, balance)])
        self._post(third, [(clearing(old), unit, balance), (clearing(new), unit, -balance)])
        self._post(self.new, [(clearing(old), unit, -balance), (clearing(third.branch.code), unit, balance)])
        self.moved.append(Moved(path=path, unit=unit, balance=balance, branch=new, to=path, is_placed=True))

    def _carry(self, balances: Sequence[Balance], refs: dict[str, str]) -> None:
        """Carry some balances over: out against clearing here, in against clearing there."""
        out: list[Balance] = []
        into: list[Balance] = []
        old, new = self.old.branch.code, self.new.branch.code
        for path, unit, balance in balances:
            to = _place_in(path, refs)
            is_placed = to is not None
            to = to if to is not None else UNPLACED
            out += [(path, unit, -balance), (clearing(new), unit, balance)]
            into += [(clearing(old), unit, -balance), (to, unit, balance)]
            self.moved.append(
                Moved(path=path, unit=unit, balance=balance, branch=new, to=to, is_placed=is_placed)
            )
        self._post(self.old, out)
        self._post(self.new, into)

    def _post(self, books: Books, changes: Sequence[Balance]) -> None:
        code = books.branch.code
        for path, unit, _ in changes:
            books.journal.open(path, unit)
        self.steps[code] = self.steps.get(code, 0) + 1
        entry = post(
            books,
            kind=EntryKind.TRANSFER,
            cause=Cause("closing", self.old.branch.code, self.steps[code]),
            postings=tuple(_posting(change) for change in changes),
            actor=self.actor if code == self.old.branch.code else of_branch(self.actor, self.old.branch.code),
            enforce_limits=False,  # whoever has the hours had them before
        )
        self.entries.append((code, entry.seq))


def _posting(change: Balance) -> Posting:
    path, unit, amount = change
    return credit(path, amount, unit) if amount > 0 else debit(path, -amount, unit)


def _place_in(path: str, refs: dict[str, str]) -> str | None:
    """Return the account of the successor that takes a balance; None if nobody can."""
    place = place_of(path)
    if place.kind is AccountKind.MEMBER:
        return f"member:{refs[place.name]}:{place.bucket}" if place.name in refs else None
    return None if place.kind is AccountKind.SUSPENSE else path


def _require_open(books: Books) -> None:
    if any(event.act is LifeAct.CLOSED for event in books.life.of_branch()):
        raise BranchClosed(branch=books.branch.code)


def _require_ready(old: Books, new: Books) -> None:
    for books in (old, new):
        _require_open(books)
    assert old.desk.head is not None and new.desk.head is not None, "both heads are taken"  # noqa: PT018
    if not old.desk.head.is_frozen:
        raise BranchNotFrozen(branch=old.branch.code)
    if new.desk.head.is_frozen:
        raise BranchFrozen(branch=new.branch.code)


def _trial_balance(books: Books) -> tuple[TrialBalance, ...]:
    return trial_balance_of(books.branch.code, books.reader.balances())


def _closed(tx: Transaction, code: str) -> Closed:
    """Return what closed a branch, from the entries of its story."""
    books = tx.books(code)
    (event,) = [each for each in books.life.of_branch() if each.act is LifeAct.CLOSED]
    assert event.other is not None, "a branch is closed into its successor"
    entries = [
        (each, entry.seq)
        for each in (code, event.other)
        for entry in tx.books(each).reader.list(cause=("closing", code))
    ]
    return Closed(
        branch=code, successor=event.other, before=_trial_balance(books), moved=(), entries=tuple(entries)
    )
