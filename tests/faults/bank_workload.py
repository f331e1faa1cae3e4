"""The bank workload: six writers and two readers for a while, and what the readers saw; see `bankers`."""

import time
from collections import Counter
from typing import Final

from sqlalchemy import NullPool, create_engine
from tests.faults.bankers import ACCOUNTS, BRANCH, READINGS, TOTAL_MINUTES, WRONG, Role, found_bank, unguard
from tests.faults.crew import Crew, a_crew
from tests.faults.scores import Say, Score, silent

import timebank

WRITERS: Final = 6
READERS: Final = 2
FIRST_READER: Final = 1_000
FOUND_WITHIN_SECONDS: Final = 5
BALANCES: Final = (
    "SELECT a.path, b.balance FROM account a"
    " JOIN account_balance b ON b.branch_id = a.branch_id AND b.account_no = a.no"
)


def run_bank(
    address: str, *, seconds: float, writers: int = WRITERS, readers: int = READERS, say: Say = silent
) -> Score:
    """Let writers and readers work for some seconds: no reading may be wrong, and no transfer lost."""
    score = Score(f"bank workload, {address.partition(':')[0].partition('+')[0]}")
    with a_crew() as crew:
        _hire(crew, address, "writer", writers, readers)
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            say(f"{score.name}: {left:.0f} s left")
            time.sleep(min(1.0, left))
        crew.dismiss()
    _count(crew, score)
    _compare(address, crew, score)
    return score


def find_lost_update(
    address: str, *, writers: int = WRITERS, readers: int = READERS, say: Say = silent
) -> Score:
    """Let the same readers look at writers with a lost update planted in them, until one is seen."""
    score = Score(f"planted lost update, {address.partition(':')[0].partition('+')[0]}")
    say(score.name)
    with a_crew() as crew:
        since = _hire(crew, address, "blind writer", writers, readers)
        seen_at = crew.wait_for("a wrong total", lambda: _first_wrong_total(crew))
        crew.dismiss()
    score.counts["wrong totals"] = sum(said.words == (WRONG, "total") for said in crew.said)
    seconds = seen_at - since
    score.notes.append(f"reported after {seconds:.1f} s")
    score.expect(seconds <= FOUND_WITHIN_SECONDS, f"it took longer than {FOUND_WITHIN_SECONDS} s")
    return score


def _hire(crew: Crew, address: str, what: str, writers: int, readers: int) -> float:
    """Found a bank, start readers and then writers; returns when the first writer had written."""
    found_bank(address)
    if what == "blind writer":
        unguard(address)
    for worker in range(readers):
        Role(what="reader", address=address, worker=FIRST_READER + worker).hire(crew)
    crew.wait_until_ready()
    for worker in range(writers):
        Role(what=what, address=address, worker=worker).hire(crew)
    crew.wait_until_ready()
    return crew.wait_for("a transfer", lambda: _first_transfer(crew))


def _first_transfer(crew: Crew) -> float | None:
    return min((said.at for said in tuple(crew.said) if said.worker < FIRST_READER), default=None)


def _first_wrong_total(crew: Crew) -> float | None:
    return min((said.at for said in tuple(crew.said) if said.words == (WRONG, "total")), default=None)


def _count(crew: Crew, score: Score) -> None:
    wrong = Counter(said.words[1] for said in crew.said if said.words[0] == WRONG)
    score.counts["transfers"] = sum(said.worker < FIRST_READER for said in crew.said)
    score.counts["readings"] = sum(int(said.words[1]) for said in crew.said if said.words[0] == READINGS)
    score.counts["wrong readings"] = sum(wrong.values())
    for what, times in wrong.items():
        score.wrong.append(f"{times} readings with a wrong {what}")
    score.expect(score.counts["transfers"], "nothing was written")
    score.expect(score.counts["readings"], "nothing was read")


def _compare(address: str, crew: Crew, score: Score) -> None:
    """Compare the balances in the end with the fold of what was acknowledged, and audit the books."""
    expected = Counter({ACCOUNTS[0]: TOTAL_MINUTES})
    for said in crew.said:
        if said.worker < FIRST_READER:
            debit_path, credit_path, minutes = said.words
            expected[debit_path] -= int(minutes)
            expected[credit_path] += int(minutes)
    with create_engine(address, poolclass=NullPool).connect() as connection:
        found = {str(path): int(balance) for path, balance in connection.exec_driver_sql(BALANCES)}
    for path in ACCOUNTS:
        score.expect(found[path] == expected[path], f"{path} ends with {found[path]}, not {expected[path]}")
    bank = timebank.open(address)
    report = bank.audits.run()
    score.expect(report.entries == score.counts["transfers"] + 1, f"{report.entries} entries in {BRANCH}")
    score.counts["faults"] = len(report.faults)
    score.expect(report.ok, ", ".join(f"{fault.code} in {fault.place}" for fault in report.faults))
    bank.close()
