"""The sample world: four years of two small branches, as the files their old systems would export.

Its size is that of time banks studied in the literature: some 320 members, some 2,300 exchanges. A fifth
of the members do most of the helping. Everybody in it is plainly a sample. Same seed, same bytes.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FIRST_DAY = datetime(2022, 1, 3, tzinfo=UTC)
LAST_DAY = datetime(2025, 12, 19, tzinfo=UTC)
SEASONS = (0.8, 0.9, 1.0, 1.1, 1.2, 1.1, 0.6, 0.5, 1.1, 1.3, 1.2, 0.9)
"""How busy each month is; July and August are quiet."""
KINDS = (
    "Courses au marché",
    "Compagnie et lecture",
    "Jardinage",
    "Accompagnement chez le médecin",
    "Aide aux papiers",
    "Petites réparations",
    "Couture",
    "Cours d'ordinateur",
    "Promenade du chien",
    "Repas partagé",
)
MINUTES = (30, 45, 60, 60, 60, 90, 90, 120, 120, 150, 180)


@dataclass(frozen=True, slots=True)
class SampleExchange:
    """Help between two members of the sample, by number."""

    at: datetime
    helper: int
    helped: int
    minutes: int
    title: str


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One file as another system exports it."""

    name: str
    content: bytes
    exchanges: int


def sample_exchanges(chance: random.Random, *, members: int, count: int) -> list[SampleExchange]:
    """Draw exchanges among `members` people, by instant; a fifth of them do most of the helping."""
    keen = [1.0 / (1 + rank) ** 0.8 for rank in range(members)]
    chance.shuffle(keen)
    asking = [chance.uniform(0.3, 1.0) for _ in range(members)]
    people = range(1, members + 1)
    found: list[SampleExchange] = []
    while len(found) < count:
        day = FIRST_DAY + timedelta(days=chance.randrange((LAST_DAY - FIRST_DAY).days))
        if chance.random() > SEASONS[day.month - 1] / max(SEASONS):
            continue
        helper, helped = chance.choices(people, keen)[0], chance.choices(people, asking)[0]
        if helper == helped:
            continue
        at = day + timedelta(minutes=15 * chance.randrange(32, 76))
        found.append(SampleExchange(at, helper, helped, chance.choice(MINUTES), chance.choice(KINDS)))
    return sorted(found, key=lambda each: (each.at, each.helper, each.helped))


def timeoverflow_report(exchanges: Sequence[SampleExchange]) -> bytes:
    """Write exchanges as TimeOverflow's transfers report in French; From is the one who was helped."""
    lines = ["Date,Depuis,Vers,Annonce,Quantité"]
    lines += [
        f"{each.at:%Y-%m-%d %H:%M:%S} UTC,Membre exemple {each.helped} ({each.helped}),"
        f"Membre exemple {each.helper} ({each.helper}),{each.title},"
        f"{each.minutes // 60}:{each.minutes % 60:02d}"
        for each in exchanges
    ]
    return ("\n".join(lines) + "\n").encode()


def spreadsheet(exchanges: Sequence[SampleExchange]) -> bytes:
    """Write exchanges as a coordinator's own spreadsheet saves them: semicolons, decimal commas, cp1252."""
    lines = ["Date;Aidant;Aidé;Durée (h);Quoi"]
    lines += [
        f"{each.at:%d/%m/%Y %H:%M};Membre exemple {each.helper};Membre exemple {each.helped};"
        f"{each.minutes // 60},{each.minutes % 60 * 100 // 60:02d};{each.title}"
        for each in exchanges
    ]
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


def sample_files(seed: int) -> tuple[SampleFile, SampleFile]:
    """Return the files of the two branches, Lille's and Locminé's."""
    chance = random.Random(seed)  # noqa: S311 - sample data
    lille = sample_exchanges(chance, members=200, count=1_480)
    locmine = sample_exchanges(chance, members=118, count=820)
    return (
        SampleFile("lille-timeoverflow.csv", timeoverflow_report(lille), len(lille)),
        SampleFile("locmine-tableur.csv", spreadsheet(locmine), len(locmine)),
    )
