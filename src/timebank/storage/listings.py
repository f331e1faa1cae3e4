"""Requests and offers of help, as rows: what is open is decided by the clock as much as by the row."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from timebank.care.listing import HelpOffer, HelpRequest, ListingState, as_of
from timebank.care.record import Mode
from timebank.care.week import Week
from timebank.errors import UnknownHelpOffer, UnknownHelpRequest
from timebank.ledger.canonical import instant_of, micros_of
from timebank.ledger.model import Actor
from timebank.storage.columns import Row
from timebank.storage.repository import Repository
from timebank.storage.tables_listings import HelpOfferRow, HelpRequestRow

NEWEST_FIRST = "no DESC"


class _Listings(Repository):
    """What the two kinds of listings share."""

    table: type[Row]

    def open_count(self, member: str) -> int:
        """Return how many of a member are open."""
        return len(self._select(ListingState.OPEN, member, None, None))

    def _select(
        self, state: ListingState | None, member: str | None, before: int | None, limit: int | None
    ) -> list[Any]:
        """Return rows newest first; an open row whose deadline has passed counts as expired."""
        where, values = ["1 = 1"], list[object]()
        if state is ListingState.OPEN:
            where.append("state = 'open' AND expires_us > ?")
            values.append(self.now_us)
        elif state is ListingState.EXPIRED:
            where.append("(state = 'expired' OR (state = 'open' AND expires_us <= ?))")
            values.append(self.now_us)
        elif state is not None:
            where.append("state = ?")
            values.append(state.value)
        if member is not None:
            where.append("member = ?")
            values.append(member)
        if before is not None:
            where.append("no < ?")
            values.append(before)
        return self._find(self.table, " AND ".join(where), *values, order=NEWEST_FIRST, limit=limit)

    def _due(self) -> list[Any]:
        """Return rows that stand there as open although their deadline has passed, oldest first."""
        return self._find(self.table, "state = 'open' AND expires_us <= ?", self.now_us, order="no")

    def _facts(self, row: Any) -> dict[str, Any]:  # noqa: ANN401 - a named tuple
        return {
            "branch": self.desk.branch.code,
            "no": row.no,
            "member": row.member,
            "kind": row.kind,
            "mode": Mode(row.mode),
            "posted_at": instant_of(row.posted_us),
            "posted_by": Actor.parse(row.actor),
            "expires_at": instant_of(row.expires_us),
            "state": ListingState(row.state),
            "ended_at": instant_of(row.ended_us) if row.ended_us is not None else None,
            "ended_by": Actor.parse(row.ended_by) if row.ended_by is not None else None,
        }

    def _values(self, listing: HelpRequest | HelpOffer) -> dict[str, Any]:
        return {
            "no": listing.no,
            "member": listing.member,
            "kind": listing.kind,
            "mode": listing.mode.value,
            "posted_us": micros_of(listing.posted_at),
            "actor": str(listing.posted_by),
            "expires_us": micros_of(listing.expires_at),
            **self._end(listing),
        }

    def _end(self, listing: HelpRequest | HelpOffer) -> dict[str, Any]:
        return {
            "state": listing.state.value,
            "ended_us": micros_of(listing.ended_at) if listing.ended_at is not None else None,
            "ended_by": str(listing.ended_by) if listing.ended_by is not None else None,
        }


class HelpRequests(_Listings):
    """The requests of a branch's members."""

    table = HelpRequestRow

    def next_no(self) -> int:
        """Take the number of a new request."""
        return self._next_no("help_request")

    def add(self, request: HelpRequest) -> None:
        """Store a new request."""
        earliest, latest = request.earliest_at, request.latest_at
        self._insert(
            HelpRequestRow,
            minutes=request.minutes,
            earliest_us=micros_of(earliest) if earliest is not None else None,
            latest_us=micros_of(latest) if latest is not None else None,
            week=request.week.hex() if request.week is not None else None,
            **self._values(request),
        )

    def save_end(self, request: HelpRequest) -> None:
        """Store how a request ended."""
        self._update(HelpRequestRow, {"no": request.no}, **self._end(request))

    def get(self, no: int) -> HelpRequest:
        """Return a request as it stands now.

        Raises:
            UnknownHelpRequest: the branch has no such request.
        """
        row = self._row(HelpRequestRow, no=no)
        if row is None:
            raise UnknownHelpRequest(request=no, branch=self.desk.branch.code)
        return self._request(row)

    def list(
        self,
        *,
        state: ListingState | None = None,
        member: str | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> Sequence[HelpRequest]:
        """Return requests as they stand now, newest first."""
        return [self._request(row) for row in self._select(state, member, before, limit)]

    def due(self) -> Sequence[HelpRequest]:
        """Return those that have expired without the rows saying so, oldest first."""
        return [self._request(row) for row in self._due()]

    def _request(self, row: Any) -> HelpRequest:  # noqa: ANN401 - a named tuple
        request = HelpRequest(
            minutes=row.minutes,
            earliest_at=instant_of(row.earliest_us) if row.earliest_us is not None else None,
            latest_at=instant_of(row.latest_us) if row.latest_us is not None else None,
            week=Week.from_hex(row.week) if row.week is not None else None,
            **self._facts(row),
        )
        return as_of(request, self.desk.now)


class StandingOffer(NamedTuple):
    """What matching needs of an open offer."""

    no: int
    member: str
    kind: str
    mode: Mode
    week: Week
    minutes_per_week: int


class HelpOffers(_Listings):
    """The offers of a branch's members."""

    table = HelpOfferRow

    def next_no(self) -> int:
        """Take the number of a new offer."""
        return self._next_no("help_offer")

    def add(self, offer: HelpOffer) -> None:
        """Store a new offer."""
        self._insert(
            HelpOfferRow,
            minutes_per_week=offer.minutes_per_week,
            week=offer.week.hex(),
            **self._values(offer),
        )

    def save_end(self, offer: HelpOffer) -> None:
        """Store how an offer ended."""
        self._update(HelpOfferRow, {"no": offer.no}, **self._end(offer))

    def get(self, no: int) -> HelpOffer:
        """Return an offer as it stands now.

        Raises:
            UnknownHelpOffer: the branch has no such offer.
        """
        row = self._row(HelpOfferRow, no=no)
        if row is None:
            raise UnknownHelpOffer(offer=no, branch=self.desk.branch.code)
        return self._offer(row)

    def list(
        self,
        *,
        state: ListingState | None = None,
        member: str | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> Sequence[HelpOffer]:
        """Return offers as they stand now, newest first."""
        return [self._offer(row) for row in self._select(state, member, before, limit)]

    def standing(self) -> Sequence[StandingOffer]:
        """Return of the open ones what matching needs, newest first: whole ones would take much longer."""
        weeks: dict[str, Week] = {}
        return [
            StandingOffer(
                no=row.no,
                member=row.member,
                kind=row.kind,
                mode=Mode(row.mode),
                week=weeks.get(row.week) or weeks.setdefault(row.week, Week.from_hex(row.week)),
                minutes_per_week=row.minutes_per_week,
            )
            for row in self._select(ListingState.OPEN, None, None, None)
        ]

    def due(self) -> Sequence[HelpOffer]:
        """Return those that have expired without the rows saying so, oldest first."""
        return [self._offer(row) for row in self._due()]

    def _offer(self, row: Any) -> HelpOffer:  # noqa: ANN401 - a named tuple
        offer = HelpOffer(
            minutes_per_week=row.minutes_per_week, week=Week.from_hex(row.week), **self._facts(row)
        )
        return as_of(offer, self.desk.now)
