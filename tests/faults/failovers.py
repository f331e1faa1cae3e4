"""Losing a machine: the leader of a cluster killed again and again, each time with commits in the air."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Final

from tests.faults.cluster import TTL_SECONDS, Cluster, Node, a_cluster
from tests.faults.crew import Crew, a_crew
from tests.faults.outcomes import a_proxy
from tests.faults.processes import PATIENCE_SECONDS, wait_for
from tests.faults.proxy import Cut, Proxy
from tests.faults.scores import Say, Score, silent
from tests.faults.verdict import judge, now_us
from tests.faults.writer import Job, acks_of, found

WRITERS: Final = 4
PROXIED: Final = 2
"""So many of them speak to the nodes through proxies, which can hold an answer back."""
SAID_SECONDS: Final = 0.2
SETTLING_SECONDS: Final = 120
GAP_SECONDS_MOST: Final = TTL_SECONDS + 5


def fail_over(times: int, *, seed: int, say: Say = silent) -> Score:
    """Kill the leader's PostgreSQL and Patroni while answers to commits are held back before it.

    Those commits are done and on the synchronous standby, and their clients do not know: after the failover
    the same request with the same key has to find them. The killed node then comes back as a follower.

    Raises:
        CannotHaveCluster: this machine lacks what a cluster needs.
    """
    score = Score("failovers of the cluster")
    chance = random.Random(seed)
    gaps: list[float] = []
    with a_cluster(say=say) as cluster, proxies_of(cluster) as proxies:
        cluster.new_database("faults")
        direct = cluster.address("faults")
        seen = cluster.address("faults", tuple(proxy.port for proxy in proxies.values()))
        found(direct, WRITERS)
        with a_crew() as crew:
            for writer in range(WRITERS):
                Job(address=seen if writer < PROXIED else direct, writer=writer).hire(crew)
            crew.wait_until_ready()
            for number in range(1, times + 1):
                cluster.wait_until_whole(SETTLING_SECONDS)
                crew.wait_for_lines(WRITERS, SETTLING_SECONDS)
                time.sleep(chance.uniform(0.0, 1.0))
                say(f"{score.name}: {number} of {times}")
                gaps.append(_lose_the_leader(cluster, proxies, crew, direct, score))
            crew.wait_for_lines(WRITERS, SETTLING_SECONDS)
            crew.dismiss()
        score.take(judge(direct, acks_of(crew)), "at the end")
        score.counts["acknowledged"] = len(crew.said)
    score.notes.append(f"no answer for {median(gaps):.1f} s in the middle, {max(gaps):.1f} s at most")
    score.expect(max(gaps) < GAP_SECONDS_MOST, f"no answer for more than {GAP_SECONDS_MOST} s")
    return score


@contextmanager
def proxies_of(cluster: Cluster) -> Iterator[dict[str, Proxy]]:
    """Stand before every node."""
    with ExitStack() as stack:
        yield {node.name: stack.enter_context(a_proxy(node.port)) for node in cluster.nodes}


def _lose_the_leader(
    cluster: Cluster, proxies: dict[str, Proxy], crew: Crew, address: str, score: Score
) -> float:
    """Kill the leader, wait for answers from another one, and judge; returns the seconds in between."""
    leader = wait_for("a leader", cluster.leader)
    proxy = proxies[leader.name]
    held_before = proxy.withheld
    proxy.arm(Cut.HOLD, PROXIED)
    wait_for("commits in the air", lambda: proxy.withheld == held_before + PROXIED, PATIENCE_SECONDS)
    start = time.monotonic()
    score.counts["processes killed"] += leader.kill()
    killed_us = now_us()
    proxy.disarm()
    time.sleep(SAID_SECONDS)
    acks = acks_of(crew)
    crew.wait_for_lines(WRITERS, SETTLING_SECONDS)
    gap = crew.longest_silence(start)
    verdict = judge(address, acks, killed_us=killed_us)
    score.counts["failovers"] += 1
    score.counts["commits done but not answered"] += verdict.unanswered
    score.expect(verdict.unanswered >= PROXIED, "a commit that was done and not answered is not there")
    score.expect(_new_leader(cluster, leader), "the killed node leads again: no failover took place")
    score.take(verdict, f"failover {score.counts['failovers']}")
    leader.start()
    return gap


def _new_leader(cluster: Cluster, old: Node) -> bool:
    return wait_for("a leader", cluster.leader).name != old.name
