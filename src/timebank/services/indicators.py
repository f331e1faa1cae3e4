"""Indicators: how a branch is doing in a period. Nothing is written, and nobody is named.

One stream over the help in the journal feeds every figure, and a second way of adding it up, by the database,
has to give the same sums: that is what `Reconciliation` says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from timebank.care.listing import HelpRequest, ListingState
from timebank.care.match import Match, MatchState, Outcome
from timebank.care.member import MemberKind
from timebank.errors import PeriodReversed
from timebank.instants import day_of, in_years
from timebank.ledger.chart import AccountKind, place_of
from timebank.matching.model import MINUTE
from timebank.reports.indicators.cooperation import (
    KinRow,
    Meeting,
    Threshold,
    direct_of,
    group_of,
    indirect_of,
    kin_of,
    network_threshold,
)
from timebank.reports.indicators.impact import Ask, Indicator, Offers, impact_of
from timebank.reports.indicators.model import UNSAID, Exchange, Party, Span, told
from timebank.reports.indicators.network import Network, network_of
from timebank.reports.indicators.participation import (
    KindRow,
    Participation,
    Quarter,
    kinds_of,
    participation_of,
    quarters_of,
)
from timebank.services.service import Service
from timebank.storage.books import Books
from timebank.storage.reporting import HelpEntry, ReportReader

BEGINNING = date(1, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What entries of one kind did to the balances of each kind of account; minutes, credits minus debits."""

    kind: str
    changes: Mapping[str, int]
    """By kind of account; they sum to zero (I-1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """That the figures are those of the journal: minutes credited to members for help."""

    standing_minutes: int
    """Help of the period that stands."""
    elsewhere_minutes: int
    """Help that members paid for and got in another branch, which credits its helpers itself."""
    undone_minutes: int
    """Help of the period that was taken back, in it or later."""
    taken_back_minutes: int
    """What was taken back in the period, of whenever."""
    journal_minutes: int
    """The sum of the period as the database adds it up: the first two less the third."""
    movements: tuple[Movement, ...]
    """Of all entries of the period: together they are the movement of the trial balance."""

    @property
    def is_reconciled(self) -> bool:
        """Whether the two ways give one sum."""
        return self.standing_minutes + self.undone_minutes - self.taken_back_minutes == self.journal_minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorReport:
    """How a branch did in a period."""

    branch: str
    first_on: date
    last_on: date
    participation: Participation
    quarters: tuple[Quarter, ...]
    kinds: tuple[KindRow, ...]
    network: Network
    members_offering: int | None
    """Members who posted an offer in the period; None: one to four."""
    members_asking: int | None
    offers_per_request: Fraction | None
    """Offers posted for each request posted; None: no requests."""
    kin: tuple[KinRow, ...]
    thresholds: tuple[Threshold, ...]
    """Of direct and indirect reciprocity, network and group, in this order."""
    impact: tuple[Indicator, ...]
    reconciliation: Reconciliation


class Indicators(Service):
    """Use cases that measure how a branch is doing."""

    def of(
        self, branch: str, *, first_on: date | None = None, last_on: date | None = None
    ) -> IndicatorReport:
        """Return the indicators of a period.

        Args:
            branch: its code.
            first_on: first effective day, included; a year before `last_on` if None.
            last_on: last effective day, included; today if None.

        Raises:
            UnknownBranch: no branch has that code.
            PeriodReversed: the first day comes after the last.
            DayBeyondRange: a year that is not kept.
            ServiceMissing: the extra `reports` is not installed.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            last = in_years(last_on) if last_on is not None else books.today
            first = in_years(first_on) if first_on is not None else last - timedelta(days=364)
            if first > last:
                raise PeriodReversed
            return _report(books, Span(first_on=first, last_on=last))


def _report(books: Books, span: Span) -> IndicatorReport:
    reader = ReportReader(books.desk)
    kinds = reader.kinds(span.first_on, span.last_on)
    matches = books.matches.list()
    meetings = _meetings(books, matches, span)
    since = BEGINNING if meetings else span.first_on  # who was known to whom needs the whole past
    entries = list(reader.help_entries(since, span.last_on))
    history = [_exchange(each, kinds) for each in entries if each.counts > 0 and not each.is_reversed]
    exchanges = [each for each in history if each.on in span]
    parties = _parties(books)
    posted = [each for each in books.help_requests.list() if day_of(each.posted_at, books.zone) in span]
    offers = [each for each in books.help_offers.list() if day_of(each.posted_at, books.zone) in span]
    network = network_of(exchanges)
    confirmed, undisputed = reader.confirmations(span.first_on, span.last_on)
    return IndicatorReport(
        branch=books.branch.code,
        first_on=span.first_on,
        last_on=span.last_on,
        participation=participation_of(exchanges, parties, span),
        quarters=quarters_of(exchanges, span),
        kinds=kinds_of(exchanges),
        network=network,
        members_offering=told(len({each.member for each in offers})),
        members_asking=told(len({each.member for each in posted})),
        offers_per_request=Fraction(len(offers), len(posted)) if posted else None,
        kin=kin_of(_redeemed(books, entries, span)),
        thresholds=(
            direct_of(exchanges, span),
            indirect_of(meetings, history),
            network_threshold(network.partners_mean, network.members),
            group_of(exchanges, parties),
        ),
        impact=impact_of(
            exchanges=exchanges,
            parties=parties,
            span=span,
            asks=_asks(posted, matches),
            offers=_offers(books, span),
            confirmed=confirmed,
            undisputed=undisputed,
        ),
        reconciliation=_reconciliation(reader, entries, span),
    )


def _exchange(entry: HelpEntry, kinds: Mapping[tuple[str, str], str]) -> Exchange:
    changes: dict[str, int] = {}
    for path, change in entry.postings:
        place = place_of(path)
        if place.kind is AccountKind.MEMBER:
            changes[place.name] = changes.get(place.name, 0) + change
    return Exchange(
        on=entry.effective_on,
        givers=tuple((ref, change) for ref, change in changes.items() if change > 0),
        receivers=tuple((ref, -change) for ref, change in changes.items() if change < 0),
        kind=kinds.get(entry.cause, UNSAID),
    )


def _parties(books: Books) -> tuple[Party, ...]:
    profiles = books.profiles.all()
    return tuple(
        Party(
            ref=each.ref,
            is_organisation=each.kind is MemberKind.ORGANISATION,
            joined_on=each.joined_on,
            left_on=each.left_on,
            teams=profiles[each.ref].teams if each.ref in profiles else (),
        )
        for each in books.members.list()
    )


def _redeemed(books: Books, entries: Iterable[HelpEntry], span: Span) -> list[tuple[str, str, int]]:
    """Return (relation, sponsor, minutes) of what members of this branch redeemed."""
    relations = {each.no: each.relation.value for each in books.beneficiaries.list()}
    redemptions = {each.ref: each for each in books.redemptions.all()}
    return [
        (relations[redemption.beneficiary_no], redemption.sponsor, exchange.received)
        for entry in entries
        if entry.cause[0] == "redemption" and entry.counts > 0 and not entry.is_reversed
        for redemption in (redemptions.get(entry.cause[1]),)
        for exchange in (_exchange(entry, {}),)
        if redemption is not None and entry.effective_on in span and exchange.received
    ]


def _meetings(books: Books, matches: Iterable[Match], span: Span) -> list[Meeting]:
    return [
        Meeting(on=day_of(each.changed_at, books.zone), helper=each.helper, asker=each.member)
        for each in matches
        if each.state is MatchState.ACCEPTED
        and each.changed_at is not None
        and day_of(each.changed_at, books.zone) in span
    ]


def _asks(posted: Iterable[HelpRequest], matches: Sequence[Match]) -> list[Ask]:
    by_request: dict[int, list[Match]] = {}
    for each in matches:
        by_request.setdefault(each.request, []).append(each)
    return [_ask(each, by_request.get(each.no, [])) for each in posted]


def _ask(request: HelpRequest, matches: Sequence[Match]) -> Ask:
    offered = [each.offered_at for each in matches]
    agreed = [
        each.changed_at
        for each in matches
        if each.state is MatchState.ACCEPTED
        and each.outcome is not Outcome.NOT_HELPED
        and each.changed_at is not None
    ]
    return Ask(
        is_open=request.state is ListingState.OPEN,
        to_offer_minutes=(min(offered) - request.posted_at) // MINUTE if offered else None,
        to_yes_minutes=(min(agreed) - request.posted_at) // MINUTE if agreed else None,
        is_concluded=any(each.outcome is Outcome.HELPED for each in matches),
    )


def _offers(books: Books, span: Span) -> Offers:
    every = books.help_offers.list()
    ended = [(day_of(each.ended_at, books.zone), each) for each in every if each.ended_at is not None]
    gone = {each.no for on, each in ended if on <= span.last_on}
    return Offers(
        active=sum(
            day_of(each.posted_at, books.zone) <= span.last_on and each.no not in gone for each in every
        ),
        new=sum(day_of(each.posted_at, books.zone) in span for each in every),
        withdrawn=sum(on in span and each.state is ListingState.WITHDRAWN for on, each in ended),
    )


def _reconciliation(reader: ReportReader, entries: Iterable[HelpEntry], span: Span) -> Reconciliation:
    standing = undone = taken_back = elsewhere = 0
    for each in entries:
        if each.effective_on not in span:
            continue
        if each.counts < 0:
            taken_back += _credited(each, -1)
        elif each.is_reversed:
            undone += _credited(each, 1)
        else:
            credited = _credited(each, 1)
            standing += credited
            elsewhere += 0 if credited else _exchange(each, {}).minutes
    journal = sum(
        given
        for path, given, _ in reader.help_by_account(span.first_on, span.last_on)
        if place_of(path).kind is AccountKind.MEMBER
    )
    return Reconciliation(
        standing_minutes=standing,
        elsewhere_minutes=elsewhere,
        undone_minutes=undone,
        taken_back_minutes=taken_back,
        journal_minutes=journal,
        movements=_movements(reader, span),
    )


def _credited(entry: HelpEntry, sign: int) -> int:
    """Return the minutes that an entry credits to members, or that its reversal takes back from them."""
    return sum(
        sign * change
        for path, change in entry.postings
        if sign * change > 0 and place_of(path).kind is AccountKind.MEMBER
    )


def _movements(reader: ReportReader, span: Span) -> tuple[Movement, ...]:
    rows: dict[str, dict[str, int]] = {}
    for kind, _, path, change in reader.movements(span.first_on, span.last_on):
        changes = rows.setdefault(kind, {})
        root = place_of(path).kind.value
        changes[root] = changes.get(root, 0) + change
    for changes in rows.values():
        assert sum(changes.values()) == 0, "I-1: what one account gains, another loses"
    return tuple(Movement(kind=kind, changes=changes) for kind, changes in rows.items())
