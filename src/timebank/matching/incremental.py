"""A plan that changes: requests and helpers come and go one by one, and it is the best one all the time.

One change costs the length of one chain of moves, most often none: nothing is solved again. The plan is the
one that solving everything anew would give, in whatever order things came. Pure: a value that is changed in
place, for one owner.
"""

from collections.abc import Mapping
from typing import Final, Self

from timebank.errors import (
    MatchingTooLarge,
    NotACandidate,
    PinsContradict,
    TimesNotKept,
    TwiceInPool,
    UnknownToPool,
)
from timebank.matching.certificate import Solution, proved
from timebank.matching.flow import OUT, UNSERVED, Flow
from timebank.matching.problem import (
    MOST_NODES,
    Arcs,
    HelperNode,
    Objective,
    Problem,
    RequestNode,
    check_points,
)
from timebank.matching.relaxed import flow_of
from timebank.matching.scale import PLACE, POINT, WIDEST, helper_hash, request_hash
from timebank.matching.solve import EVEN
from timebank.matching.table import Table

FORCED: Final = WIDEST.unserved[0] << 64
"""What it costs not to take an arc that is being pinned."""


class Matching:
    """The best plan, kept so.

    Requests and helpers are named by their ids; points include sticky ones. Times are not kept: requests that
    can exclude one another are planned together (`timebank.matching.conflict`).
    """

    def __init__(self, objective: Objective = EVEN) -> None:
        """Begin with nobody."""
        self._objective = objective
        self._flow = Flow(capacity=[], load=[], step=2 * objective.load_points * POINT)
        self._requests: dict[str, tuple[int, RequestNode]] = {}
        self._helpers: dict[str, tuple[int, HelperNode]] = {}
        self._tags: list[int] = []
        self._ids: list[str] = []
        self._held: list[int] = []
        self._pins: dict[str, int] = {}
        """The arcs of pinned requests."""

    @classmethod
    def of(cls, problem: Problem, objective: Objective = EVEN) -> Self:
        """Solve a problem, and keep its plan.

        Raises:
            TimesNotKept: a request can exclude another.
        """
        for node in problem.requests:
            _check_request(node)
        made = cls(objective)
        table = Table(problem, objective)
        order = table.helpers_in_order()
        made._flow, rank = flow_of(table, order, WIDEST)
        made._requests = {node.id: (place, node) for place, node in enumerate(problem.requests)}
        made._helpers = {node.id: (rank[place], node) for place, node in enumerate(problem.helpers)}
        made._ids = [problem.helpers[helper].id for helper in order]
        made._tags = [table.helper_hashes[helper] | place for place, helper in enumerate(order)]
        made._held = [table.pinned_load[helper] for helper in order]
        for request, place in table.pins.items():
            helper = rank[problem.arcs.helpers[place]]
            id = problem.requests[request].id
            # Pinned requests had no arcs in the search; they may have some again when unpinned.
            to, points = table.arcs_of(request)
            for each, worth in zip(to, points, strict=True):
                made._flow.add_arc(request, made._arc(id, rank[each], worth + objective.load_points))
            made._pins[id] = made._arc(id, helper, table.points[place] + objective.load_points)
        return made

    # --- Requests ---------------------------------------------------------------------------------

    def insert(self, request: RequestNode, points: Mapping[str, int]) -> None:
        """Take a request in, with the points of each helper who could help.

        Raises:
            TwiceInPool: there is one with its id.
            UnknownToPool: a helper is not there.
            PointsOutOfRange: points beyond every limit.
            MatchingTooLarge: four million requests have come.
            TimesNotKept: it can exclude another.
        """
        _check_request(request)
        if request.id in self._requests:
            raise TwiceInPool(id=request.id)
        if len(self._flow.rows) >= MOST_NODES - 1:
            raise MatchingTooLarge(most=MOST_NODES - 1)
        check_points(points.values())
        own, load_points = request_hash(request.id), self._objective.load_points
        try:
            row = [
                (own ^ self._tags[self._helpers[helper][0]]) - (each - load_points) * POINT
                for helper, each in points.items()
            ]
        except KeyError as missing:
            raise UnknownToPool(id=missing.args[0]) from None
        row.sort()
        place = self._flow.add_request(row, WIDEST.unserved[request.priority])
        self._requests[request.id] = (place, request)
        self._take_in(place)

    def remove(self, request: str) -> None:
        """Take a request out; who is free now helps where it is worth most.

        Raises:
            UnknownToPool: it is not there.
        """
        place, _ = self._request(request)
        flow = self._flow
        self._vacate(request, place)
        for arc in [*flow.rows[place]]:
            flow.remove_arc(place, arc)
        del self._requests[request]

    def _take_in(self, place: int) -> None:
        self._flow.augment(place)
        assert self._flow.is_settled(place), "a request could pay less"

    def _vacate(self, request: str, place: int) -> None:
        """Take a request out of the plan and fill the place it had, if any."""
        flow = self._flow
        if request in self._pins:
            helper = self._pins.pop(request) & PLACE
            self._held[helper] -= 1
            flow.load[helper] -= 1
        else:
            helper = flow.at[place]
            flow.release(place)
        if helper >= 0:
            flow.repair(helper)

    # --- Helpers ----------------------------------------------------------------------------------

    def add_helper(self, helper: HelperNode, points: Mapping[str, int]) -> None:
        """Take a helper in, with the points of each request that they could help with.

        Raises:
            TwiceInPool: there is one with their id.
            UnknownToPool: a request is not there.
            PointsOutOfRange: points beyond every limit.
            MatchingTooLarge: four million helpers have come.
        """
        if helper.id in self._helpers:
            raise TwiceInPool(id=helper.id)
        if len(self._tags) >= MOST_NODES - 1:
            raise MatchingTooLarge(most=MOST_NODES - 1)
        check_points(points.values())
        places = [(request, *self._request(request)[:1], each) for request, each in points.items()]
        flow = self._flow
        place = flow.add_helper(helper.capacity)
        self._helpers[helper.id] = (place, helper)
        self._tags.append(helper_hash(helper.id) | place)
        self._ids.append(helper.id)
        self._held.append(0)
        price = 0
        for id, request, each in places:
            arc = self._arc(id, place, each)
            flow.add_arc(request, arc)
            if flow.at[request] != OUT:
                price = max(price, flow.pays[request] - arc + place)
        # So dear that nobody would come; then each place is filled, or made as cheap as a free one.
        flow.price[place] = price
        flow.repair(place)

    def remove_helper(self, helper: str) -> None:
        """Take a helper out; whom they would have helped is given to others, if there are any.

        Raises:
            UnknownToPool: they are not there.
            PinsContradict: they have accepted a request that is still pinned to them.
        """
        place, _ = self._helper(helper)
        if self._held[place]:
            pinned = next(id for id, arc in self._pins.items() if arc & PLACE == place)
            raise PinsContradict(request=pinned, helper=helper)
        flow = self._flow
        movers = [*flow.taken[place]]
        for mover in movers:
            flow.release(mover)
        flow.capacity[place] = flow.price[place] = 0
        for request, arc in [*zip(*flow.into(place), strict=True)]:
            flow.remove_arc(request, arc)
        del self._helpers[helper]
        for mover in movers:
            self._take_in(mover)

    # --- Pins -------------------------------------------------------------------------------------

    def pin(self, request: str, helper: str) -> None:
        """Match a pair for good, whatever it costs; the rest is the best there is around it.

        Raises:
            UnknownToPool: there is no such request or helper.
            NotACandidate: they are no candidates of one another.
            PinsContradict: it is pinned to somebody else, or all places of the helper are pinned.
        """
        place, _ = self._request(request)
        to, node = self._helper(helper)
        flow = self._flow
        fitting = [arc for arc in flow.rows[place] if arc & PLACE == to]
        if not fitting:
            raise NotACandidate(request=request)
        if request in self._pins:
            if self._pins[request] & PLACE != to:
                raise PinsContradict(request=request, helper=helper)
            return
        if self._held[to] >= node.capacity:
            raise PinsContradict(request=request, helper=helper)
        if flow.at[place] != to:
            self._vacate(request, place)
            row, unserved = flow.rows[place], flow.unserved[place]
            flow.rows[place], flow.unserved[place] = fitting[:1], FORCED
            flow.augment(place)
            flow.rows[place], flow.unserved[place] = row, unserved
        assert flow.at[place] == to, "a pinned request has another helper"
        flow.taken[to].remove(place)
        flow.at[place] = OUT
        self._held[to] += 1
        self._pins[request] = fitting[0]

    def unpin(self, request: str) -> None:
        """Let a pinned request move again.

        Raises:
            UnknownToPool: it is not there.
            NotACandidate: it is not pinned.
        """
        place, _ = self._request(request)
        if request not in self._pins:
            raise NotACandidate(request=request)
        self._vacate(request, place)
        self._take_in(place)

    # --- What it is -------------------------------------------------------------------------------

    def helper_of(self, request: str) -> str | None:
        """Return the helper of a request, None if it stays unserved.

        Raises:
            UnknownToPool: it is not there.
        """
        place, _ = self._request(request)
        at = self._pins[request] & PLACE if request in self._pins else self._flow.at[place]
        return self._ids[at] if at != UNSERVED else None

    def solution(self) -> tuple[Problem, Solution]:
        """Return the problem as it is now and its plan, with the proof; takes time in proportion to all arcs.

        Requests and helpers are in the order in which they came.
        """
        flow = self._flow
        helpers = [node for _, node in self._helpers.values()]
        order = {place: number for number, (place, _) in enumerate(self._helpers.values())}
        columns: tuple[list[int], list[int], list[int]] = ([], [], [])
        pinned = []
        assignment: list[int | None] = []
        for number, (id, (place, _)) in enumerate(self._requests.items()):
            if id in self._pins:
                pinned.append(len(columns[0]) + flow.rows[place].index(self._pins[id]))
            for arc in flow.rows[place]:
                points = self._objective.load_points - arc // POINT
                for column, value in zip(columns, (number, order[arc & PLACE], points), strict=True):
                    column.append(value)
            helper = self.helper_of(id)
            assignment.append(None if helper is None else order[self._helpers[helper][0]])
        problem = Problem(
            [node for _, node in self._requests.values()], helpers, Arcs(*columns, frozenset(pinned))
        )
        prices = [flow.price[place] for place, _ in self._helpers.values()]
        solution = proved(Table(problem, self._objective, WIDEST), assignment, prices)
        assert solution.is_optimal, "the prices do not prove the plan"
        return problem, solution

    def _arc(self, request: str, place: int, points: int) -> int:
        return (request_hash(request) ^ self._tags[place]) - (points - self._objective.load_points) * POINT

    def _request(self, id: str) -> tuple[int, RequestNode]:
        try:
            return self._requests[id]
        except KeyError:
            raise UnknownToPool(id=id) from None

    def _helper(self, id: str) -> tuple[int, HelperNode]:
        try:
            return self._helpers[id]
        except KeyError:
            raise UnknownToPool(id=id) from None


def _check_request(request: RequestNode) -> None:
    if request.can_conflict:
        raise TimesNotKept(id=request.id)
