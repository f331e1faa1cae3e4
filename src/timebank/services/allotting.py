"""Allotting: what a branch's policy and balances say about the minutes of one help, as it is posted."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from timebank.care.allotment import Allotment, allotted
from timebank.care.record import RecordState
from timebank.errors import EarningCapReached
from timebank.instants import day_of
from timebank.ledger.chart import AccountKind, grant, place_of
from timebank.ledger.model import CREDIT, MINUTES, Posting
from timebank.policy.model import DAY_MINUTES, Policy
from timebank.policy.words import Over, Surplus
from timebank.storage.books import Books


def allot(
    books: Books, postings: Sequence[Posting], *, record_no: int, start_at: datetime, takes_levy: bool = True
) -> tuple[Posting, ...]:
    """Return the postings of confirmed help as the policy of its day spreads them; opens what they need.

    Raises:
        EarningCapReached: the helper earned the most of that day or week, and the policy refuses more.
    """
    policy = books.policies.in_force(day_of(start_at, books.zone)).policy
    helper = next(posting for posting in postings if posting.side is CREDIT)
    place = place_of(helper.path)
    if helper.unit != MINUTES or place.kind is not AccountKind.MEMBER:
        return tuple(postings)
    grant_path, granted = _grant(books, postings)
    spread = allotted(
        postings,
        Allotment(
            grant_path=grant_path,
            grant_minutes=granted,
            room_minutes=_room(books, policy, helper, record_no, start_at),
            surplus_path=f"fund:{policy.surplus.fund}",
            levy_minutes=policy.levy.each_service_minutes if takes_levy else 0,
            levy_path=f"fund:{policy.levy.fund}",
        ),
    )
    for posting in spread:
        books.journal.open(posting.path, posting.unit)
    return spread


def _grant(books: Books, postings: Sequence[Posting]) -> tuple[str | None, int]:
    payer = place_of(next(posting.path for posting in postings if posting.side is not CREDIT))
    if payer.kind is not AccountKind.MEMBER or payer.bucket != "available":
        return None, 0
    path = grant(payer.name)
    books.journal.load(path)
    state = books.journal.book.accounts.get((path, MINUTES))
    return path, max(0, state.balance) if state is not None else 0


def _room(books: Books, policy: Policy, helper: Posting, record_no: int, start_at: datetime) -> int | None:
    """Return what the helper can still earn before something goes to a fund; None is without limit."""
    member, rooms = place_of(helper.path).name, []
    for rule, days in ((policy.earning.day, 1), (policy.earning.week, 7)):
        if rule.most_minutes is None:
            continue
        left = rule.most_minutes - _earned(books, member, record_no, start_at, days)
        if rule.over is Over.REFUSE and helper.amount > left:
            raise EarningCapReached(member=member, most=rule.most_minutes, days=days)
        if rule.over is Over.FUND:
            rooms.append(left)
    if policy.surplus.over_ceiling is Surplus.FUND:
        books.journal.open(helper.path, helper.unit)
        state = books.journal.book.accounts[helper.path, helper.unit]
        if state.limits.ceiling is not None:
            rooms.append(state.limits.ceiling - state.balance)
    return max(0, min(rooms)) if rooms else None


def _earned(books: Books, member: str, record_no: int, start_at: datetime, days: int) -> int:
    """Return what a member's confirmed help of that day or week counts, without the record in hand."""
    on = day_of(start_at, books.zone)
    first = on - timedelta(days=on.weekday() if days > 1 else 0)
    start, end = (
        datetime.combine(day, time(), tzinfo=books.zone) for day in (first, first + timedelta(days=days))
    )
    records = books.records.of_provider(
        member, start_at=start, end_at=end, longest=timedelta(minutes=DAY_MINUTES)
    )
    return sum(
        each.credited_minutes or 0
        for each in records
        if each.no != record_no
        and each.state is RecordState.CONFIRMED
        and each.unit == MINUTES
        and start <= each.start_at < end
    )
