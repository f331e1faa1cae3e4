"""Killing: the writing process on SQLite, and the whole PostgreSQL server under several writers."""

import random
import time
from pathlib import Path
from statistics import median
from typing import Final

from tests.faults.crew import Crew, a_crew
from tests.faults.journals import Care, Journal, kept_with
from tests.faults.scores import Say, Score, silent
from tests.faults.servers import Server
from tests.faults.verdict import judge, now_us
from tests.faults.writer import Job, acks_of, found, last_number

KILLS_PER_FILE: Final = 50
KILLS_PER_DATABASE: Final = 20
"""A growing journal makes the audit after every kill slower and slower."""
WRITERS: Final = 4
SAID_SECONDS: Final = 0.05
"""What was answered before a kill takes a moment to be heard here."""
ALIVE_SECONDS_MOST: Final = 0.3
"""How long a server or a writer lives at most once its first answer is there."""


def kill_writers(
    kills: int, *, seed: int, folder: Path, journal: Journal = Journal.WAL, say: Say = silent
) -> Score:
    """Kill the only writer of an SQLite file again and again; the next one asks again what was not answered.

    Args:
        kills: how many.
        seed: of the moments.
        journal: what the writer, and whoever looks afterwards, asks SQLite for.
        folder: where the files are made.
        say: told how far it is.
    """
    score = Score(f"writers of SQLite killed, {journal} journal")
    chance = random.Random(seed)
    with kept_with(Care(journal)):
        for first in range(0, kills, KILLS_PER_FILE):
            file = folder / f"killed-{journal}-{first}.db"
            found(f"sqlite:///{file}", 1)
            with a_crew() as crew:
                for _ in range(min(KILLS_PER_FILE, kills - first)):
                    _kill_writer(file, crew, chance, journal=journal, score=score)
                    say(f"{score.name}: {score.counts['kills']} of {kills}")
                score.counts["acknowledged"] += len(crew.said)
            for left in folder.glob(f"{file.name}*"):
                left.unlink()
    score.expect(score.counts["acknowledged"] >= kills, "too little was written to show anything")
    return score


def _kill_writer(file: Path, crew: Crew, chance: random.Random, *, journal: Journal, score: Score) -> None:
    address = f"sqlite:///{file}"
    number = last_number(acks_of(crew), 0) + 1
    Job(address=address, writer=0, number=number, journal=journal).hire(crew)
    crew.wait_until_ready()
    time.sleep(chance.uniform(0.0, ALIVE_SECONDS_MOST))
    crew.kill()
    beside = file.with_name(file.name + ("-wal" if journal is Journal.WAL else "-journal"))
    score.counts[f"left a {journal} journal"] += beside.exists() and beside.stat().st_size > 0
    verdict = judge(address, acks_of(crew), killed_us=now_us())
    score.counts["kills"] += 1
    score.counts["kept but not yet answered"] += verdict.unanswered
    score.take(verdict, f"kill {score.counts['kills']}")


def kill_servers(kills: int, *, server: Server, seed: int, say: Say = silent) -> Score:
    """Kill a PostgreSQL server with all its processes again and again under writers that go on asking."""
    score = Score("PostgreSQL servers killed")
    chance = random.Random(seed)
    gaps: list[float] = []
    for first in range(0, kills, KILLS_PER_DATABASE):
        database = server.new_database()
        address = server.address(database)
        found(address, WRITERS)
        with a_crew() as crew:
            for writer in range(WRITERS):
                Job(address=address, writer=writer).hire(crew)
            crew.wait_until_ready()
            for _ in range(min(KILLS_PER_DATABASE, kills - first)):
                crew.wait_for_lines(WRITERS)
                time.sleep(chance.uniform(0.0, ALIVE_SECONDS_MOST))
                gaps.append(_kill_once(server, address, crew, score))
                say(f"{score.name}: {score.counts['kills']} of {kills}")
            crew.dismiss()
        score.take(judge(address, acks_of(crew)), "at the end")
        score.counts["acknowledged"] += len(crew.said)
        server.drop(database)
    score.notes.append(f"no answer for {median(gaps):.1f} s in the middle, {max(gaps):.1f} s at most")
    return score


def _kill_once(server: Server, address: str, crew: Crew, score: Score) -> float:
    """Kill the server and start it again; returns the seconds from the kill to the next answer."""
    start = time.monotonic()
    score.counts["processes killed"] += server.kill()
    killed_us = now_us()
    time.sleep(SAID_SECONDS)
    acks = acks_of(crew)
    server.start()
    crew.wait_for_lines(1)
    gap = crew.longest_silence(start)
    verdict = judge(address, acks, killed_us=killed_us)
    score.counts["kills"] += 1
    score.counts["kept but not yet answered"] += verdict.unanswered
    score.take(verdict, f"kill {score.counts['kills']}")
    return gap
