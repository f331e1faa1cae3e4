"""Full disks: a small one is mounted, filled with requests until there is no room, made larger, and goes on.

Real: a file system in memory of 768 KiB to 1 MiB that refuses to grow. Root alone may mount one; elsewhere
the item says that it was not shown.
"""

import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from tests.faults.journals import Care, Journal, kept_with
from tests.faults.processes import is_root
from tests.faults.scores import Say, Score, silent
from tests.faults.verdict import judge
from tests.faults.writer import Ack, Job, found, request

import timebank
from timebank.errors import StorageFull, TimebankError

KIB_LEAST: Final = 768
KIB_MOST: Final = 1_024
KIB_AFTER: Final = 8_192
REQUESTS_MOST: Final = 5_000


class CannotMount(Exception):
    """Whoever runs this may not mount a disk."""


@contextmanager
def a_disk(folder: Path, kib: int) -> Iterator[Path]:
    """Mount a small disk.

    Raises:
        CannotMount: we may not.
    """
    place = folder / "disk"
    place.mkdir()
    if not is_root() or shutil.which("mount") is None or not _mount(f"size={kib}k", place):
        place.rmdir()
        raise CannotMount
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
        place.rmdir()


def _mount(options: str, place: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def fill_disks(fills: int, *, seed: int, folder: Path, say: Say = silent) -> Score:
    """Fill a disk again and again, over each journal in turn.

    Args:
        fills: how many.
        seed: of the sizes.
        folder: where disks are mounted.
        say: told how far it is.

    Raises:
        CannotMount: we may not.
    """
    score = Score("disks full")
    chance = random.Random(seed)
    for number in range(fills):
        kib, journal = chance.randint(KIB_LEAST, KIB_MOST), list(Journal)[number % 2]
        where = f"fill {number + 1}, {kib} KiB, {journal} journal"
        with kept_with(Care(journal)), a_disk(folder, kib) as place:
            _fill(place, score, where)
        say(f"{score.name}: {number + 1} of {fills}")
    return score


def _fill(place: Path, score: Score, where: str) -> None:
    address = f"sqlite:///{place / 'full.db'}"
    found(address, 1)
    job = Job(address=address, writer=0)
    acks: list[Ack] = []
    with closing(timebank.open(address)) as bank:
        try:
            for number in range(1, REQUESTS_MOST):
                acks.append(Ack(0, number, request(bank, job, number)))  # noqa: PERF401 - those before count
            score.expect(holds=False, otherwise=f"{where}: never full")
        except StorageFull:
            score.counts["fills"] += 1
        except TimebankError as error:
            score.expect(holds=False, otherwise=f"{where}: {error.code}")
        subprocess.run(["mount", "-o", f"remount,size={KIB_AFTER}k", str(place)], check=True)
        last = len(acks) + 1
        acks += [Ack(0, number, request(bank, job, number)) for number in range(last, last + 4)]
        score.counts["went on with room"] += 1
    score.counts["acknowledged"] += len(acks)
    score.take(judge(address, acks), where)
