"""How likely help is, on the command line: a sentence that can be read out, and JSON."""

import pytest
from tests.cli.running import Done, run

from timebank.cli.outlook import outlook_shown, sentence_of
from timebank.matching.outlook import A_FEW, Band, Change, Outlook, Past

NO_PAST = Past(requests=None, found_percent=None, wait_minutes=None)
SLOT = ("--slot", "thu 14:00-17:00")


@pytest.fixture
def town(address: str) -> str:
    """The address of a bank where m1 may spend hours on m2, and m3 offers company on Thursdays."""
    in_lille = ("--branch", "lille")
    done = [
        run("--db", address, *words)
        for words in (
            (
                *("beneficiary", "add", *in_lille, "--sponsor", "m1", "--relation", "parent"),
                *("--member", "m2", "--by", "member:m1"),
            ),
            ("beneficiary", "consent", "1", *in_lille, "--by", "member:m2"),
            ("beneficiary", "check", "1", *in_lille),
            ("profile", "set", "m3", *in_lille, "--home", "50.63,3.06", "--by", "member:m3"),
            (
                *("offer", "post", *in_lille, "--member", "m3", "-k", "company", "-w", "2h", *SLOT),
                *("--by", "member:m3"),
            ),
        )
    ]
    assert [0] * 5 == [each.status for each in done], [each.err for each in done]
    return address


def at(address: str, *arguments: str) -> Done:
    """Ask for company for m2."""
    command = ("redeem", "helpers", "--branch", "lille", "--beneficiary", "1", "-k", "company", "-m", "1h")
    return run("--db", address, *command, *arguments)


def test_an_unknown_place_is_said(town: str) -> None:
    """Nobody is near nowhere; then somebody says where, and it is one or two people."""
    done = at(town, "--by", "member:m1")
    assert 0 == done.status
    assert done.out.startswith("Where the beneficiary lives is not known, so nobody can be found near there;")

    run("--db", town, "profile", "set", "m2", "-b", "lille", "--home", "50.63,3.06", "--by", "member:m2")
    known = at(town, "--by", "member:m1", *SLOT)
    assert known.out.startswith("1 or 2 people near there could help.\n")
    assert "Too few comparable requests within a year to tell how likely it is." in known.out
    assert "m3" not in known.out
    found = at(town, "--by", "member:m1", "--at", "2030-03-01T14:00", "--json").json
    assert (0, {"time": None}) == (found["count"], found["changes"])


def test_to_others_it_is_not_there(town: str) -> None:
    """With the exit status and the words for a number that nobody has."""
    refused = at(town, "--by", "member:m3")

    assert "[unknown_beneficiary]" in refused.err
    assert (refused.status, refused.err) == (
        (missing := at(town, "--by", "member:m3", "--beneficiary", "9")).status,
        missing.err.replace("9", "1"),
    )


@pytest.mark.parametrize(
    ("count", "changes", "said"),
    [
        (0, (), "Nobody near there could help."),
        (A_FEW, (), "1 or 2 people near there could help."),
        (
            4,
            ((Change.TIME, 3), (Change.MODE, A_FEW)),
            "4 people near there could help; 3 more could at another time; 1 or 2 more could in another way.",
        ),
        (
            0,
            ((Change.DISTANCE, 5),),
            "Nobody near there could help; 5 could if the place of the help were nearer to them.",
        ),
    ],
)
def test_an_outlook_is_a_sentence(
    count: int | None, changes: tuple[tuple[Change, int | None], ...], said: str
) -> None:
    """Plain enough to be read out on the telephone."""
    found = Outlook(is_place_known=True, count=count, bands=(), changes=changes, past=NO_PAST)

    assert said == sentence_of(found, where="near there")


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (NO_PAST, "Too few comparable requests within a year to tell how likely it is."),
        (
            Past(requests=6, found_percent=50, wait_minutes=None),
            "Of 6 comparable requests within a year 50 % found somebody; too few to tell how long it takes.",
        ),
        (
            Past(requests=12, found_percent=75, wait_minutes=90),
            "Of 12 comparable requests within a year 75 % found somebody, half of them within 1 h 30.",
        ),
        (
            Past(requests=12, found_percent=75, wait_minutes=2_881),
            "Of 12 comparable requests within a year 75 % found somebody, half of them within 3 days.",
        ),
    ],
)
def test_the_past_is_a_sentence(past: Past, said: str) -> None:
    """With figures only where there are enough."""
    found = Outlook(is_place_known=True, count=0, bands=(), changes=(), past=past)

    assert said == str(outlook_shown(found, is_near=True)[-1])


def test_bands_are_read_as_distances() -> None:
    """Each but the first from where the one before ends."""
    edges = ((0, 2_000), (2_000, 10_000), (10_000, None))
    bands = tuple(Band(from_m=nearest, to_m=farthest, count=3) for nearest, farthest in edges)
    found = Outlook(is_place_known=True, count=9, bands=bands, changes=(), past=NO_PAST)

    table = outlook_shown(found, is_near=True)[1]
    assert ["up to 2 km", "2 to 10 km", "more than 10 km"] == list(
        map(str, table.columns[0].cells)  # type: ignore[union-attr]
    )
