"""The fault programme: `make faults`, or `make faults QUICK=1` for a tenth of it within five minutes.

Every item says what it counted; the last line says how many of them showed what they had to.
"""

import argparse
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.faults.bank_workload import find_lost_update, run_bank
from tests.faults.cluster import CannotHaveCluster
from tests.faults.erasing import erase_on_server, erase_people
from tests.faults.errors_at import fail_everywhere
from tests.faults.failovers import fail_over
from tests.faults.filling import fill_disks
from tests.faults.flips import cut_off, flip, rot, swap
from tests.faults.insiders import rewrite
from tests.faults.insisting import be_quiet
from tests.faults.journals import Care, Journal
from tests.faults.kills import kill_servers, kill_writers
from tests.faults.migrating import interrupt_on_postgresql, interrupt_on_sqlite
from tests.faults.mixing import mix
from tests.faults.outcomes import a_proxy, cut_connections, die_after_commits
from tests.faults.power import cut_power, show_that_cuts_hurt
from tests.faults.receipts import change_receipts
from tests.faults.repeating import repeat_keys, tamper_cursors
from tests.faults.scores import Progress, Say, Score
from tests.faults.servers import Server, a_server
from tests.faults.service import fuzz_service, intrude_service
from tests.faults.serving import end_service
from tests.faults.sharer import Way
from tests.faults.sharing import kill_sharing

SEED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything."""

    writer_kills: int = 1_000
    power_cuts: int = 2_500
    power_controls: int = 100
    flips: int = 10_000
    swaps: int = 500
    fills: int = 200
    rewrites: int = 100
    receipts: int = 10_000
    disk_errors_of_ten: int = 10
    server_kills: int = 100
    failovers: int = 10
    cuts: int = 300
    deaths: int = 20
    bank_seconds: int = 60
    migrations: int = 20
    shared_kills: int = 60
    people: int = 500
    erased: int = 100
    service_ends: int = 20
    fuzz_examples: int = 1_000
    tokens: int = 1_000
    cursors: int = 1_000
    keys: int = 2_000
    mixed_seconds: int = 600

    def tenth(self) -> "Size":
        """Return a tenth of it."""
        return Size(**{name: max(1, getattr(self, name) // 10) for name in self.__slots__})


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the report."""

    name: str
    work: Callable[[Say], Score]


def items(size: Size, seed: int, server: Server, folder: Path) -> list[Item]:
    """Return everything there is to show, the quickest first."""

    def embedded(name: str) -> str:
        return f"sqlite:///{folder / name}.db"

    def on_server() -> str:
        return server.address(server.new_database())

    return [
        Item("planted lost update, sqlite", lambda say: find_lost_update(embedded("planted"), say=say)),
        Item("planted lost update, postgresql", lambda say: find_lost_update(on_server(), say=say)),
        Item("bank, sqlite", lambda say: run_bank(embedded("bank"), seconds=size.bank_seconds, say=say)),
        Item("bank, postgresql", lambda say: run_bank(on_server(), seconds=size.bank_seconds, say=say)),
        Item("unknown outcomes", partial(_cut, server, size.cuts)),
        Item("deaths, sqlite", lambda say: die_after_commits(size.deaths, address=embedded("d"), say=say)),
        Item("deaths, postgresql", lambda say: die_after_commits(size.deaths, address=on_server(), say=say)),
        *(
            Item(
                f"shared commits, {way}, sqlite",
                partial(_kill_sharing, size.shared_kills, seed, embedded(way), way),
            )
            for way in Way
        ),
        Item(
            "shared commits, writer, postgresql",
            lambda say: kill_sharing(
                size.shared_kills, address=on_server(), way=Way.WRITER, seed=seed, say=say
            ),
        ),
        Item("migrations, sqlite", lambda say: interrupt_on_sqlite(size.migrations, folder=folder, say=say)),
        Item(
            "migrations, postgresql",
            lambda say: interrupt_on_postgresql(size.migrations, server=server, say=say),
        ),
        Item(
            "people erased, sqlite",
            lambda say: erase_people(size.people, size.erased, seed=seed, folder=folder, say=say),
        ),
        Item(
            "people erased, postgresql",
            lambda say: erase_on_server(
                size.people, size.erased, seed=seed, folder=folder, server=server, say=say
            ),
        ),
        Item("services ended", partial(_end_services, size.service_ends, seed, folder, signal.SIGTERM)),
        Item("services killed", partial(_end_services, size.service_ends, seed, folder, signal.SIGKILL)),
        Item("service, tokens", lambda _: intrude_service(size.tokens, folder=folder)),
        Item("service, cursors", lambda _: tamper_cursors(size.cursors, seed=seed, folder=folder)),
        Item("service, keys", lambda say: repeat_keys(size.keys, seed=seed, folder=folder, say=say)),
        Item("service, mixed load", lambda say: mix(size.mixed_seconds, seed=seed, folder=folder, say=say)),
        Item("service, any request", lambda say: fuzz_service(size.fuzz_examples, say=say)),
        Item("power cuts that must hurt", partial(_hurt, size.power_controls, seed, folder)),
        *(
            Item(f"power cuts, {each}", partial(_cut_power, size.power_cuts, seed, folder, each))
            for each in Journal
        ),
        Item("bits flipped", lambda say: rot(size.flips, change=flip, seed=seed, folder=folder, say=say)),
        Item("pages swapped", lambda say: rot(size.swaps, change=swap, seed=seed, folder=folder, say=say)),
        Item("ends cut off", lambda say: rot(size.swaps, change=cut_off, seed=seed, folder=folder, say=say)),
        Item("insiders", lambda say: rewrite(size.rewrites, seed=seed, folder=folder, say=say)),
        Item("receipts changed", lambda say: change_receipts(size.receipts, seed=seed, say=say)),
        Item("disks full", lambda say: fill_disks(size.fills, seed=seed, folder=folder, say=say)),
        Item(
            "disk errors",
            lambda say: fail_everywhere(folder, every=10 // size.disk_errors_of_ten, say=say),
        ),
        *(
            Item(
                f"writers killed, {journal}", partial(_kill_writers, size.writer_kills, seed, folder, journal)
            )
            for journal in Journal
        ),
        Item("servers killed", partial(_kill_servers, size.server_kills, seed, server)),
        Item("failovers", lambda say: fail_over(size.failovers, seed=seed, say=say)),
    ]


def _kill_writers(kills: int, seed: int, folder: Path, journal: Journal, say: Say) -> Score:
    return kill_writers(kills, seed=seed, folder=folder, journal=journal, say=say)


def _kill_sharing(kills: int, seed: int, address: str, way: Way, say: Say) -> Score:
    return kill_sharing(kills, address=address, way=way, seed=seed, say=say)


def _cut_power(cuts: int, seed: int, folder: Path, journal: Journal, say: Say) -> Score:
    return cut_power(cuts, care=Care(journal), seed=seed, folder=folder, say=say)


def _hurt(cuts: int, seed: int, folder: Path, say: Say) -> Score:
    return show_that_cuts_hurt(cuts, seed=seed, folder=folder, say=say)


def _end_services(ends: int, seed: int, folder: Path, how: signal.Signals, say: Say) -> Score:
    return end_service(ends, seed=seed, folder=folder, how=how, say=say)


def _kill_servers(kills: int, seed: int, server: Server, say: Say) -> Score:
    return kill_servers(kills, server=server, seed=seed, say=say)


def _cut(server: Server, times: int, say: Say) -> Score:
    database = server.new_database()
    with a_proxy(server.port) as proxy:
        seen = server.address(database, port=proxy.port)
        return cut_connections(times, proxy=proxy, seen=seen, direct=server.address(database), say=say)


def score_of(item: Item, say: Say) -> Score:
    """Work through an item; whatever stops it is written down, and the others go on."""
    try:
        return item.work(say)
    except CannotHaveCluster as error:
        why = str(error)
    except Exception:  # noqa: BLE001 - a report of what was not shown is better than none
        why = traceback.format_exc()
    score = Score(item.name)
    score.notes.append("not shown")
    score.wrong.append(why)
    return score


def main() -> int:
    """Run what was asked for; 0 only if all of it was met."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--seed", type=int, default=SEED, help="of the moments of the kills")
    parser.add_argument("--only", default="", help="items whose name contains this")
    asked = parser.parse_args()
    size = Size().tenth() if asked.quick else Size()
    # Whoever ends us this way leaves no server behind, either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    be_quiet()
    progress = Progress()
    scores = []
    with tempfile.TemporaryDirectory(prefix="timebank-faults-") as folder, a_server() as server:
        for item in items(size, asked.seed, server, Path(folder)):
            if asked.only in item.name:
                scores.append(score_of(item, progress))
                progress.clear()
                sys.stdout.write("\n".join([scores[-1].line(), *scores[-1].wrong]) + "\n")
                sys.stdout.flush()
    met = sum(score.is_met for score in scores)
    sys.stdout.write(f"{met} of {len(scores)} met\n")
    return 0 if met == len(scores) else 1


if __name__ == "__main__":
    sys.exit(main())
