"""Erasing people: no trace of them anywhere, and every book, root and commitment as it was."""

import hashlib
import logging
import random
from datetime import timedelta
from pathlib import Path
from typing import Final

from tests.builders import NOW, a_branch
from tests.faults.scores import Say, Score, silent

from timebank.clock import SteppingClock
from timebank.ledger.canonical import leaf_hash
from timebank.ledger.details import is_committed
from timebank.ledger.model import JournalEntry
from timebank.reports.backup import BackupFormat
from timebank.services.backup_files import back_up
from timebank.services.bank import Bank

CODE: Final = "lille"
LONGEST: Final = 140
"""Names of many lengths split pages, whose gaps keep what was there."""


def mark_of(no: int) -> str:
    """Return what stands in every word of a person and nowhere else."""
    return f"zqx{no:05d}q"


def erase_people(people: int, gone: int, *, seed: int, folder: Path, say: Say = silent) -> Score:
    """Erase some of many people from an SQLite file and look for them in everything there is afterwards.

    Counted are traces in the database, its log, the program's log, exports and backups made afterwards; and
    entries that changed, roots that differ, and commitments of those who stayed that no longer hold.
    """
    score = Score("people erased")
    chance = random.Random(seed)
    home = folder / "erasing"
    home.mkdir()
    handler = logging.FileHandler(home / "program.log")
    logging.getLogger().addHandler(handler)
    bank = a_branch(home, members=0, clock=SteppingClock(NOW, timedelta(seconds=1)))
    try:
        _fill(bank, people, chance, say)
        before, balances = list(bank.entries.list(CODE, limit=None)), bank.accounts.list(CODE)
        erased = chance.sample(range(people), gone)
        for count, no in enumerate(erased, 1):
            bank.members.erase(CODE, ref_of(no))
            say(f"{count} of {gone} erased")
        score.counts["erased"] = gone
        _check_books(score, bank, before, set(map(ref_of, erased)))
        score.expect(balances == bank.accounts.list(CODE), "a balance changed")
        _write_out(bank, home)
        _look_for(score, home, people, set(erased))
    finally:
        bank.close()
        logging.getLogger().removeHandler(handler)
        handler.close()
    return score


def ref_of(no: int) -> str:
    """Return the reference of a person, which says nothing of them."""
    return f"p{no}"


def _fill(bank: Bank, people: int, chance: random.Random, say: Say) -> None:
    """Let people join, rename some, and have everybody give something away with words to it."""
    for no in range(people):
        mark = mark_of(no)
        name = f"Sample {mark}" + "n" * chance.randrange(LONGEST)
        bank.members.add(CODE, name=name, email=f"{mark}@mail.example", phone=f"+33 {mark}", ref=ref_of(no))
        say(f"{no + 1} of {people} joined")
    for no in chance.sample(range(people), people // 3):
        bank.members.rename(CODE, ref_of(no), name=f"Renamed {mark_of(no)}" + "n" * chance.randrange(LONGEST))
    for no in range(people):
        other = (no + 1 + chance.randrange(people - 1)) % people
        bank.transfers.transfer(
            CODE,
            debit_path=f"member:{ref_of(no)}:available",
            credit_path=f"member:{ref_of(other)}:available",
            minutes=5,
            reason=f"{mark_of(no)} thanks {mark_of(other)}",
        )
        say(f"{no + 1} of {people} gave something")


def root_of(leaves: list[bytes]) -> bytes:
    """Return the root of RFC 9162 over leaf hashes, written here once more: short, and slow."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashlib.sha256().digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


def _check_books(score: Score, bank: Bank, before: list[JournalEntry], erased: set[str]) -> None:
    """Compare every entry with what it was, and open every commitment that can still be opened."""
    after = list(bank.entries.list(CODE, limit=None))
    score.counts["entries changed"] = sum(one != other for one, other in zip(before, after, strict=True))
    roots = [root_of([leaf_hash(each) for each in reversed(entries)]) for entries in (before, after)]
    score.counts["roots changed"] = int(roots[0] != roots[1])
    with bank.store.read() as tx:
        kept = {each.seq: tx.books(CODE).identities.details(each.seq) for each in after}
    for entry in after:
        members = {posting.path.split(":")[1] for posting in entry.draft.postings}
        found, commitment = kept[entry.seq], entry.draft.details
        is_gone = bool(members & erased)
        score.counts["secrets kept of the erased"] += int(is_gone and found is not None)
        holds = found is not None and commitment is not None and is_committed(commitment, *found)
        score.counts["commitments of others that do not hold"] += int(not is_gone and not holds)
    report = bank.audits.run()
    score.counts["faults"] = len(report.faults)
    for what in ("entries changed", "roots changed", "secrets kept of the erased", "faults"):
        score.expect(score.counts[what] == 0, f"{score.counts[what]} {what}")
    others = score.counts["commitments of others that do not hold"]
    score.expect(others == 0, f"{others} commitments of others do not hold")


def _write_out(bank: Bank, home: Path) -> None:
    """Export and back up after the erasures; the bank is still open."""
    with (home / "branch.jsonl").open("wb") as to:
        bank.exports.branch(CODE, to)
    with (home / "members.csv").open("wb") as to:
        bank.exports.members(CODE, to, with_names=True)
    address = f"sqlite:///{home / 'bank.db'}"
    back_up(address, home / "backup.db")
    back_up(address, home / "backup.jsonl", form=BackupFormat.JSONL)


def _look_for(score: Score, home: Path, people: int, erased: set[int]) -> None:
    """Look for the marks in the bytes of every file."""
    files = {path.name: path.read_bytes() for path in sorted(home.iterdir()) if path.is_file()}
    score.counts["files searched"] = len(files)
    traces = [
        (no, name) for no in sorted(erased) for name, held in files.items() if mark_of(no).encode() in held
    ]
    score.counts["traces"] = len(traces)
    score.expect(not traces, f"traces of {traces[:5]}")
    unseen = [no for no in set(range(people)) - erased if mark_of(no).encode() not in files["backup.db"]]
    score.expect(not unseen, f"those who stayed are not found, so nothing was shown: {unseen[:5]}")
