"""Kills around a commit that many share: all of it is kept, or nothing, and asked again it is there once."""

import random
from dataclasses import replace
from typing import Final

from tests.faults.crew import a_crew
from tests.faults.scores import Say, Score, silent
from tests.faults.sharer import COMMIT, Moment, Task, Way
from tests.faults.verdict import judge
from tests.faults.writer import acks_of, found

REQUESTS: Final = 16
"""As many as the service lets share a commit."""


def kill_sharing(kills: int, *, address: str, way: Way, seed: int, say: Say = silent) -> Score:
    """Kill a process between the acts that share a commit, right before the commit, or right after it.

    Args:
        kills: how many.
        address: of an empty database.
        way: what leads to the shared commit.
        seed: of the moments.
        say: told how far it is.
    """
    score = Score(f"shared commits, {way}, {address.partition(':')[0].partition('+')[0]}")
    chance = random.Random(f"{seed} {score.name}")
    moments = [each for each in Moment if each is not Moment.NEVER]
    if way is Way.WRITER:
        moments.remove(Moment.BETWEEN_ACTS)  # it decides them before it begins to write
    found(address, 1)
    for number in range(kills):
        task = Task(
            address=address,
            way=way,
            first=1 + number * REQUESTS,
            requests=REQUESTS,
            moment=moments[number % len(moments)],
            act=chance.randint(1, REQUESTS - 1),
        )
        _kill(task, score)
        say(f"{score.name}: {number + 1} of {kills}")
    return score


def _kill(task: Task, score: Score) -> None:
    with a_crew() as crew:
        task.hire(crew)
        crew.wait_until_over()
        commits = [tuple(map(int, each.words[1:])) for each in crew.said if each.words[0] == COMMIT]
        crew.said[:] = [each for each in crew.said if each.words[0] != COMMIT]
        left = judge(task.address, acks_of(crew))
        where = f"{task.moment}, requests {task.first} to {task.numbers[-1]}"
        score.take(left, where)
        score.counts["kills"] += 1
        score.counts[f"killed {task.moment}"] += 1
        if task.moment == Moment.BETWEEN_ACTS:
            commits.append((task.first - 1, task.first - 1))
        before, after = commits[0]
        kept = after if task.moment == Moment.AFTER_COMMIT else before
        score.counts["kept but not yet answered"] += left.entries - before
        score.expect(left.entries == kept, f"{where}: {left.entries} entries, not {kept}")
        answered = len(crew.said)
        score.expect(answered <= before - task.first + 1, f"{where}: somebody was answered before the commit")
        crew.said.clear()
        replace(task, moment=Moment.NEVER).hire(crew)
        crew.wait_until_over()
        again = judge(task.address, acks_of(crew))
    score.take(again, f"{where}, asked again")
    score.expect(len(crew.said) == task.requests, f"{where}: not everybody was answered")
    score.expect(again.entries == task.numbers[-1], f"{where}: {again.entries} entries after asking again")
