"""HiGHS through scipy, what no plan can be worth more than: `highs_bound.py FILE.npz`; prints that.

Runs in the peer's own environment. The file has arrays: requests, helpers and points of arcs, capacity of
helpers, times of requests, and what a served request is worth above its points. The linear program has a row
for each helper and each largest set of requests that all overlap.
"""

import sys

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array


def main() -> None:
    """Read, solve, print."""
    file = np.load(sys.argv[1])
    requests, helpers = file["requests"], file["helpers"]
    starts, ends = file["starts"], file["ends"]
    of_request: dict[int, list[int]] = {}
    of_helper: dict[int, list[int]] = {}
    for place, (request, helper) in enumerate(zip(requests.tolist(), helpers.tolist(), strict=True)):
        of_request.setdefault(request, []).append(place)
        of_helper.setdefault(helper, []).append(place)
    rows = [(places, 1) for places in of_request.values()]
    for helper, places in of_helper.items():
        rows.append((places, int(file["capacity"][helper])))
        mine = requests[places]
        sets = {
            tuple(np.flatnonzero((starts[mine] <= at) & (at < ends[mine])).tolist()) for at in starts[mine]
        }
        rows += [
            ([places[each] for each in some], 1)
            for some in sets
            if len(some) > 1 and not any(set(some) < set(other) for other in sets)
        ]
    columns = [place for places, _ in rows for place in places]
    indices = np.cumsum([0, *(len(places) for places, _ in rows)])
    matrix = csr_array((np.ones(len(columns)), columns, indices), shape=(len(rows), len(requests)))
    found = linprog(
        -(file["served_points"] + file["points"]).astype(float),
        A_ub=matrix,
        b_ub=np.array([limit for _, limit in rows], dtype=float),
        bounds=(0, 1),
        method="highs",
    )
    if not found.success:
        sys.exit("no bound")
    print(-found.fun)


if __name__ == "__main__":
    main()
