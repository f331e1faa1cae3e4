"""Erasing people: no trace of them anywhere, and every book, root and commitment as it was."""

import hashlib
import logging
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import NullPool, create_engine
from tests.builders import NOW
from tests.faults.scores import Say, Score, silent
from tests.faults.servers import Server

from timebank.clock import SteppingClock
from timebank.ledger.canonical import leaf_hash
from timebank.ledger.details import is_committed
from timebank.ledger.model import JournalEntry
from timebank.reports.backup import BackupFormat
from timebank.services.backup_files import back_up
from timebank.services.bank import Bank, open_bank

CODE: Final = "lille"
Files = Mapping[str, bytes]
"""What files hold, by their names."""
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
    score = Score("people erased, sqlite")
    home = folder / "erasing"
    home.mkdir()
    address = f"sqlite:///{home / 'bank.db'}"
    with _erased(score, address, people, gone, seed=seed, home=home, say=say) as erased:
        back_up(address, home / "backup.db")
        _look_for(score, _files_in(home), erased)
        _look_for_others(score, (home / "backup.db").read_bytes(), set(range(people)) - erased)
    return score


def erase_on_server(
    people: int, gone: int, *, seed: int, folder: Path, server: Server, say: Say = silent
) -> Score:
    """Erase some of many people from a database of a server, clean up as the recipe says, and look for them.

    Looked through are the server's own files: tables with their free space, statistics, and its log. What
    its write-ahead log still holds is counted apart: it stays there until the server writes over it.
    """
    score = Score("people erased, postgresql")
    home = folder / "erasing-on-server"
    home.mkdir()
    database = server.new_database()
    address = server.address(database)
    with _erased(score, address, people, gone, seed=seed, home=home, say=say) as erased:
        _look_for(score, _files_in(home), erased)
    held = _held_by(server, database)
    score.counts["traces before cleaning up"] = len(_traces(held, erased))
    _look_for_others(score, held["tables"], set(range(people)) - erased)
    for statement in cleaning():
        run_there(address, statement)
    _look_for(score, _held_by(server, database), erased)
    log = _traces({"pg_wal": _bytes_below(server.data / "pg_wal")}, erased)
    score.notes.append(f"{len(log)} of {gone} still in the write-ahead log")
    return score


RECIPE: Final = Path(__file__).parents[2] / "docs" / "recipes" / "erase-a-person.md"


def cleaning() -> list[str]:
    """Return what the recipe for erasing tells whoever keeps a server to run."""
    block = RECIPE.read_text(encoding="utf-8").partition("```text\n")[2].partition("```")[0]
    return [statement.strip() for statement in block.split(";") if statement.strip()]


def run_there(address: str, statement: str) -> None:
    """Run a statement on a server."""
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def _held_by(server: Server, database: str) -> Files:
    """Return the bytes of a database's files, and of the server's log."""
    engine = create_engine(server.address(database), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CHECKPOINT")
        statement = "SELECT oid FROM pg_database WHERE datname = current_database()"
        oid = connection.exec_driver_sql(statement).scalar_one()
    return {
        "tables": _bytes_below(server.data / "base" / str(oid)),
        "statistics of the server": _bytes_below(server.data / "pg_stat"),
        "server.log": (server.data.parent / "server.log").read_bytes(),
    }


def _bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@contextmanager
def _erased(
    score: Score, address: str, people: int, gone: int, *, seed: int, home: Path, say: Say
) -> Iterator[set[int]]:
    """Let people come and some go, check the books, and write them out; in the block the bank is open."""
    chance = random.Random(seed)
    handler = logging.FileHandler(home / "program.log")
    logging.getLogger().addHandler(handler)
    bank = open_bank(address, clock=SteppingClock(NOW, timedelta(seconds=1)))
    try:
        bank.branches.create(CODE, name="Sample branch")
        _fill(bank, people, chance, say)
        before, balances = list(bank.entries.list(CODE, limit=None)), bank.accounts.list(CODE)
        if bank.store.is_server:
            run_there(address, "ANALYZE")  # as the server does by itself: what is common is in its statistics
        erased = chance.sample(range(people), gone)
        for count, no in enumerate(erased, 1):
            bank.members.erase(CODE, ref_of(no))
            say(f"{count} of {gone} erased")
        score.counts["erased"] = gone
        _check_books(score, bank, before, set(map(ref_of, erased)))
        score.expect(balances == bank.accounts.list(CODE), "a balance changed")
        _write_out(bank, address, home)
        yield set(erased)
    finally:
        bank.close()
        logging.getLogger().removeHandler(handler)
        handler.close()


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


def _write_out(bank: Bank, address: str, home: Path) -> None:
    """Export and back up after the erasures; the bank is still open."""
    with (home / "branch.jsonl").open("wb") as to:
        bank.exports.branch(CODE, to)
    with (home / "members.csv").open("wb") as to:
        bank.exports.members(CODE, to, with_names=True)
    back_up(address, home / "backup.jsonl", form=BackupFormat.JSONL)


def _files_in(home: Path) -> Files:
    return {path.name: path.read_bytes() for path in sorted(home.iterdir()) if path.is_file()}


def _traces(files: Files, erased: set[int]) -> list[tuple[int, str]]:
    """Return who is found, and in which file."""
    return [
        (no, name) for no in sorted(erased) for name, held in files.items() if mark_of(no).encode() in held
    ]


def _look_for(score: Score, files: Files, erased: set[int]) -> None:
    """Look for the marks in the bytes of every file."""
    score.counts["files searched"] += len(files)
    traces = _traces(files, erased)
    score.counts["traces"] += len(traces)
    score.expect(not traces, f"traces of {traces[:5]}")


def _look_for_others(score: Score, held: bytes, stayed: set[int]) -> None:
    """Look for those who stayed: who finds nobody has shown nothing."""
    unseen = [no for no in sorted(stayed) if mark_of(no).encode() not in held]
    score.expect(not unseen, f"those who stayed are not found, so nothing was shown: {unseen[:5]}")
