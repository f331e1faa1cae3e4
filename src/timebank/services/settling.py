"""Settling: what acts on a redemption do to its hold and to the books of both branches.

Owns the doing of I-6 and I-7: a hold is resolved in the database transaction that moves its minutes, and
the two books of a redemption change together or not at all.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

from timebank.care import events, sponsorship
from timebank.care.mandate import Act
from timebank.care.record import Hours, RecordOutcome
from timebank.care.redemption import (
    Redemption,
    RedemptionAct,
    RedemptionOutcome,
    cause_of,
    step_of_hold,
)
from timebank.errors import NotARedemption
from timebank.instants import day_of
from timebank.ledger.holds import Hold, HoldState, capture, expire, placing, release
from timebank.ledger.limits import LimitWarning
from timebank.ledger.model import HELP, Actor, Cause, EntryDraft, EntryKind, Posting, Role
from timebank.services.allotting import allot
from timebank.services.posting import Told, post_told, told_of, undo
from timebank.services.service import act_in, seen_from
from timebank.storage.books import Books
from timebank.storage.transaction import Transaction

REDEMPTION: Final = re.compile(r"(?P<branch>[a-z0-9][a-z0-9-]{0,39})-(?P<no>[1-9][0-9]{0,8})", re.ASCII)
SWEEP: Final = Actor(role=Role.SYSTEM, ref="deadline")
"""Who ends a redemption that reached its deadline while somebody was asking for something else."""

EntryNo = tuple[str, int]
"""Branch and number of an entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoBooks:
    """The books of a redemption: the sponsor's branch and the beneficiary's; one and the same at times."""

    home: Books
    host: Books

    @property
    def each(self) -> tuple[Books, ...]:
        """The books, each once."""
        return (self.home,) if self.home is self.host else (self.home, self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionDone:
    """What an act on a redemption led to."""

    redemption: Redemption
    entries: tuple[EntryNo, ...] = ()
    """The entries it posted in either branch."""
    warnings: tuple[LimitWarning, ...] = ()
    expired: tuple[str, ...] = ()
    """Other redemptions of the home branch that were past their deadline, and were ended first."""


def home_and_no(ref: str) -> tuple[str, int]:
    """Read the reference of a redemption: the sponsor's branch and the number it gave.

    Raises:
        NotARedemption: the text is not `HOME-NO`.
    """
    found = REDEMPTION.fullmatch(ref)
    if found is None:
        raise NotARedemption
    return found["branch"], int(found["no"])


def books_of(tx: Transaction, redemption: Redemption) -> TwoBooks:
    """Open the books of both branches."""
    return TwoBooks(home=tx.books(redemption.branch), host=tx.books(redemption.host_branch))


def place(books: TwoBooks, act: Act, outcome: RedemptionOutcome) -> RedemptionDone:
    """Store a new redemption and reserve its minutes: from the sponsor's available to the held account.

    Raises:
        InsufficientHours: the sponsor does not have them above the floor.
    """
    redemption = outcome.redemption
    hold = Hold(
        no=redemption.hold_no,
        member=redemption.sponsor,
        minutes=redemption.held_minutes,
        state=HoldState.PENDING,
        expires_at=redemption.expires_at,
        cause_kind="redemption",
        cause_ref=redemption.ref,
    )
    books.home.redemptions.add(redemption)
    books.home.holds.add(hold)
    _write_event(books, act, outcome, None)
    postings = placing(hold.member, hold.minutes)
    entry = _post(books.home, EntryKind.HOLD, cause_of(redemption, step_of_hold()), postings, act)
    return RedemptionDone(redemption=redemption, entries=(entry,), warnings=warnings_of(books))


def carry_out(
    books: TwoBooks,
    act: Act,
    outcome: RedemptionOutcome,
    *,
    help_at: datetime | None = None,
    note_no: int | None = None,
    fee_version: int | None = None,
) -> RedemptionDone:
    """Store a redemption as it is now with its event, and move the hours it moves, in both books.

    Args:
        books: of both branches.
        act: what was done, where and by whom.
        outcome: what the core decided.
        help_at: when the help began, which dates charge and credit; None: they are dated now.
        note_no: the reason in the branch acted in, where it was written already.
        fee_version: the host's policy version under which a charge without help was computed.

    Raises:
        CeilingReached, InsufficientHours: a limit refuses; see `Book.post`.
    """
    redemption = outcome.redemption
    books.home.redemptions.save(redemption)
    _write_event(books, act, outcome, note_no)
    plan = outcome.settlement
    if plan is None:
        return RedemptionDone(redemption=redemption)
    entries = []
    if plan.undo is None:
        _resolve_hold(books.home, act, outcome)
    else:
        entries += [_undo(each, plan.undo, act, outcome.reason) for each in books.each]
    if plan.hold_postings:
        entries.append(_post(books.home, EntryKind.HOLD, plan.hold, plan.hold_postings, act))
    for each, postings in ((books.home, plan.home_postings), (books.host, plan.host_postings)):
        if postings:
            version = fee_version if each is books.host else None
            spread = _spread(books, each, outcome, postings, help_at)
            told = _told(books, each, outcome)
            entries.append(
                _post(each, plan.kind, plan.capture, spread, act, at=help_at, version=version, told=told)
            )
    if plan.release_postings:
        entries.append(_post(books.home, EntryKind.RELEASE, plan.release, plan.release_postings, act))
    return RedemptionDone(redemption=redemption, entries=tuple(entries), warnings=warnings_of(books))


def _spread(
    books: TwoBooks,
    here: Books,
    outcome: RedemptionOutcome,
    postings: tuple[Posting, ...],
    help_at: datetime | None,
) -> tuple[Posting, ...]:
    """Return the postings as the host's caps spread them; a charge without help stays as it is."""
    record_no = outcome.redemption.record_no
    if help_at is None or record_no is None or here is not books.host:
        return postings
    return allot(here, postings, record_no=record_no, start_at=help_at, takes_levy=False)


def follow(tx: Transaction, act: Act, outcome: RecordOutcome, note_no: int | None) -> RedemptionDone | None:
    """Carry an act on a service record over to its redemption, if it changes anything there.

    Args:
        tx: holds the heads of both branches.
        act: in the host branch.
        outcome: what was decided about the record, which is stored already.
        note_no: the reason, in the host branch.
    """
    assert outcome.record.redemption is not None, "the record fulfils a redemption"
    home_code, no = home_and_no(outcome.record.redemption)
    redemption = tx.books(home_code).redemptions.get(no)
    followed = sponsorship.follow(redemption, outcome)
    if followed is None:
        return None
    help_at = outcome.record.start_at
    return carry_out(books_of(tx, redemption), act, followed, help_at=help_at, note_no=note_no)


def hosts_due(home: Books) -> tuple[str, ...]:
    """Return the branches whose heads `expire_due` needs beside the home branch's: they are told, too."""
    return tuple({each.host_branch for each in home.redemptions.due()})


def expire_due(tx: Transaction, books: Books, *, by: Actor = SWEEP) -> tuple[Redemption, ...]:
    """End every redemption of the branch that reached its deadline without help; its minutes go back.

    Only the home branch's books change, whoever the host is, but both branches tell it. One that became due
    after the heads were taken, and whose host's was not, is left for the next time.

    Raises:
        NotAllowed: something is due, and `by` is neither the system nor a coordinator.
    """
    act = act_in(books, by)
    ended = []
    for redemption in books.redemptions.due():
        both = books_of(tx, redemption)
        if both.host.desk.head is None:
            continue
        outcome = sponsorship.expire(redemption, act)
        carry_out(both, act, outcome)
        ended.append(outcome.redemption)
    return tuple(ended)


def write_reason(
    books: TwoBooks, act: Act, reason: str | None, *, about: str, concerned: tuple[tuple[str, str], ...]
) -> int | None:
    """Store a reason in the branch acted in, so that it goes with the first two people it concerns.

    A member of another branch is written `REF@BRANCH`.
    """
    if reason is None:
        return None
    here = act.branch
    names = [ref if branch == here else f"{ref}@{branch}" for branch, ref in dict.fromkeys(concerned)]
    store = books.home if here == books.home.branch.code else books.host
    return store.identities.write_note(reason, about=about, members=names[:2])


def warnings_of(books: TwoBooks) -> tuple[LimitWarning, ...]:
    """Return the soft limits passed in either book so far."""
    return tuple(chain.from_iterable(each.journal.warnings for each in books.each))


def _write_event(books: TwoBooks, act: Act, outcome: RedemptionOutcome, note_no: int | None) -> None:
    redemption = outcome.redemption
    sponsor = (redemption.branch, redemption.sponsor)
    beneficiary = (redemption.host_branch, redemption.beneficiary)
    provider = redemption.provider_person
    is_home_act = act.branch == redemption.branch
    concerned = (beneficiary, sponsor) if is_home_act or provider is None else (beneficiary, provider)
    written = write_reason(
        books, act, outcome.reason, about=f"redemption {redemption.ref}", concerned=concerned
    )
    books.home.redemptions.note(
        redemption.no,
        outcome.event,
        acted_in=act.branch,
        note_no=written if written is not None else note_no,
    )
    news = events.of_redemption(outcome)
    for each in books.each:
        each.tell(news)


def _resolve_hold(home: Books, act: Act, outcome: RedemptionOutcome) -> None:
    """Resolve the hold, once (I-6); help that was logged before the deadline is captured after it, too."""
    redemption = outcome.redemption
    hold = home.holds.get(redemption.hold_no)
    if redemption.charged_minutes:
        claimed = [
            event.at for event in home.redemptions.events(redemption.no) if event.act == RedemptionAct.LOG
        ]
        at = claimed[-1] if outcome.event.act is RedemptionAct.SETTLE else act.at
        hold = capture(hold, minutes=redemption.charged_minutes, at=at)
    elif outcome.event.act is RedemptionAct.EXPIRE:
        hold = expire(hold, at=act.at)
    else:
        hold = release(hold)
    home.holds.resolve(hold)


def _told(books: TwoBooks, here: Books, outcome: RedemptionOutcome) -> Told:
    """Return what is known of a charge or a credit: the help as stated, or as planned where none was given.

    Each branch's book keeps it for itself, and whoever it concerns is named as they are known there.
    """
    redemption = outcome.redemption
    if (
        outcome.settlement is not None
        and outcome.settlement.kind in HELP
        and redemption.record_no is not None
    ):
        hours = books.host.records.get(redemption.record_no).hours
    else:
        hours = Hours(
            start_at=redemption.planned_at,
            minutes=redemption.planned_minutes,
            kind=redemption.kind,
            mode=redemption.mode,
        )
    sponsor = (redemption.branch, redemption.sponsor)
    people = (sponsor, (redemption.host_branch, redemption.beneficiary), redemption.provider_person)
    code = here.branch.code
    members = [
        person[1] if person[0] == code else f"{person[1]}@{person[0]}"
        for person in dict.fromkeys(people)
        if person is not None
    ]
    return told_of(hours, members=members)


def _undo(books: Books, cause: Cause, act: Act, reason: str | None) -> EntryNo:
    entry = books.reader.of_cause(cause)
    assert entry is not None, f"I-7: {cause.kind} {cause.ref} was settled in {books.branch.code}"
    words = reason if act.branch == books.branch.code else None  # a reason stays where it was written
    return books.branch.code, undo(books, entry, actor=seen_from(act, books.branch.code), words=words).seq


def _post(
    books: Books,
    kind: EntryKind,
    cause: Cause,
    postings: tuple[Posting, ...],
    act: Act,
    *,
    at: datetime | None = None,
    version: int | None = None,
    told: Told | None = None,
) -> EntryNo:
    """Post an entry of a redemption, now or at `at`; opens the clearing and held accounts it needs."""
    for posting in postings:
        books.journal.open(posting.path, posting.unit)
    effective_at = at if at is not None else books.desk.now
    on = day_of(effective_at, books.zone)
    draft = EntryDraft(
        kind=kind,
        cause=cause,
        effective_at=effective_at,
        effective_on=on,
        policy_version=version if version is not None else books.policies.in_force(on).version,
        actor=seen_from(act, books.branch.code),
        postings=postings,
        counts_help=1 if kind in HELP else 0,
    )
    return books.branch.code, post_told(books, draft, told).seq
