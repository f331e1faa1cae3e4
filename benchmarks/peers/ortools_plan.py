"""OR-Tools, the plan of a problem: `ortools_plan.py FILE.npz`; prints CPU seconds, served requests, points.

Runs in the peer's own environment. The file has arrays: requests, helpers and points of arcs, capacity of
helpers. Measured from the arrays to the arcs that are used. One more served costs more than all points.
"""

import sys
import time

import numpy as np
from ortools.graph.python import min_cost_flow


def main() -> None:
    """Read, solve, print."""
    file = np.load(sys.argv[1])
    requests, helpers, points, capacity = (
        file[name] for name in ("requests", "helpers", "points", "capacity")
    )
    number = int(file["number"])
    started = time.process_time()
    width = int(points.max() - points.min() + 1)
    sink = number + len(capacity)
    flow = min_cost_flow.SimpleMinCostFlow()
    every = np.arange(number)
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        requests, number + helpers, np.ones_like(requests), points.max() - points
    )
    flow.add_arcs_with_capacity_and_unit_cost(
        np.arange(number, sink), np.full(len(capacity), sink), capacity, np.zeros_like(capacity)
    )
    flow.add_arcs_with_capacity_and_unit_cost(
        every, np.full(number, sink), np.ones(number, dtype=np.int64), np.full(number, 2 * number * width)
    )
    flow.set_nodes_supplies(every, np.ones(number, dtype=np.int64))
    flow.set_node_supply(sink, -number)
    if flow.solve() != flow.OPTIMAL:
        sys.exit("no optimum")
    used = flow.flows(arcs) > 0
    taken = time.process_time() - started
    print(taken, int(used.sum()), int(points[used].sum()))


if __name__ == "__main__":
    main()
