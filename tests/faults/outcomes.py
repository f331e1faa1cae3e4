"""Unknown outcomes, forced: the commit is done, or never arrived, and the client cannot know which."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from typing import Final

from tests.faults.crew import a_crew
from tests.faults.insisting import insist
from tests.faults.proxy import Cut, Proxy
from tests.faults.scores import Say, Score, silent
from tests.faults.verdict import judge
from tests.faults.writer import Ack, Job, acks_of, found, last_number, request

import timebank

CUTS: Final = (Cut.AFTER, Cut.RESET, Cut.BEFORE)


@contextmanager
def a_proxy(upstream_port: int) -> Iterator[Proxy]:
    """Stand before a server, and go away afterwards."""
    proxy = Proxy(upstream_port)
    try:
        yield proxy
    finally:
        proxy.close()


def cut_connections(times: int, *, proxy: Proxy, seen: str, direct: str, say: Say = silent) -> Score:
    """Cut the connection around a COMMIT and let the client ask again with the same key.

    Args:
        times: how many requests.
        proxy: stands before the server.
        seen: the address of a database through the proxy.
        direct: the same database without it.
        say: told how far it is.
    """
    score = Score("unknown outcomes on PostgreSQL")
    found(direct, 1)
    job = Job(address=seen, writer=0)
    bank, _ = insist(lambda: timebank.open(seen))
    acks: list[Ack] = []
    for number, cut in zip(range(1, times + 1), cycle(CUTS), strict=False):
        proxy.arm(cut)
        seq, _ = insist(lambda number=number: request(bank, job, number))  # type: ignore[misc]
        acks.append(Ack(job.writer, number, seq))
        score.expect(seq == number, f"request {number} led to entry {seq}")
        say(f"{score.name}: {number} of {times}")
    bank.close()
    score.counts["requests"] = times
    score.counts["answers lost after the commit"] = proxy.withheld
    score.counts["commits lost on the way"] = proxy.dropped
    score.expect(proxy.withheld + proxy.dropped == times, "the proxy did not cut every connection")
    score.take(judge(direct, acks), "at the end")
    return score


def die_after_commits(times: int, *, address: str, say: Say = silent) -> Score:
    """End the client itself with its commit done and nothing said; the next one asks again."""
    score = Score(f"clients dead after their commit, {address.partition(':')[0].partition('+')[0]}")
    found(address, 1)
    with a_crew() as crew:
        for number in range(1, times + 1):
            job = Job(address=address, writer=0, number=number, requests=1)
            replace(job, dies_after_commit=number).hire(crew)
            crew.wait_until_over()
            before = judge(address, acks_of(crew))
            job.hire(crew)
            crew.wait_until_over()
            after = judge(address, acks_of(crew))
            score.expect(
                before.entries == number, f"request {number} was not committed before its client died"
            )
            score.expect(last_number(acks_of(crew), 0) == number, f"request {number} was not answered")
            score.counts["deaths"] += 1
            score.counts["found by the next one"] += after.entries == before.entries
            score.take(after, f"death {number}")
            say(f"{score.name}: {number} of {times}")
    score.expect(score.counts["found by the next one"] == times, "a request was repeated, not found")
    return score
