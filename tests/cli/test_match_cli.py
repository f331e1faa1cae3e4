"""Profiles, wishes and matches on the command line: what coordinators see, what they are asked to type."""

import sqlite3
from collections import Counter
from contextlib import closing

import pytest
from tests.cli.running import Done, run

from timebank.care.profile import Spot
from timebank.cli.matchmap import distance, map_of, mark

SLOT = ("--slot", "thu 14:00-17:00")


@pytest.fixture
def town(address: str) -> str:
    """The address of a bank where m1 wishes for company, and m2 and m3 offer it."""
    for ref, place in (("m1", "50.63,3.06"), ("m2", "50.65,3.06"), ("m3", "50.63,3.10")):
        done = at(address, "profile", "set", ref, "--home", place, "--reach", "8km", "--by", f"member:{ref}")
        assert 0 == done.status
    posted = at(
        address, "request", "post", "--member", "m1", "-k", "company", "-m", "1h", *SLOT, "--by", "member:m1"
    )
    assert 0 == posted.status
    for ref in ("m2", "m3"):
        offered = ("offer", "post", "--member", ref, "-k", "company", "-w", "2h", *SLOT)
        assert 0 == at(address, *offered, "--by", f"member:{ref}").status
    return address


def at(address: str, *arguments: str) -> Done:
    """Run a command in the branch."""
    return run("--db", address, *arguments, "--branch", "lille")


def test_suggestions_are_a_table_a_picture_and_what_keeps_others_away(town: str) -> None:
    """Everything a coordinator needs to ring somebody up; the same every time."""
    done = at(town, "match", "suggest", "1")

    assert 0 == done.status
    assert "Request 1 of lille: 1 h 00 of company for m1; 2 could help" in done.out
    lines = done.out.splitlines()
    (first,) = [line.split() for line in lines if line.startswith("   1 ")]
    assert ["1", "m2"] == first[:2]
    assert "2.2 km" in done.out
    assert "thu 14:00" in done.out
    assert "north is up" in done.out
    assert done == at(town, "match", "suggest", "1")
    assert "1 could help" not in done.out
    shown = at(town, "match", "suggest", "1", "--top", "1")
    assert "2 could help, the first 1" in shown.out


def test_suggestions_as_json_add_up(town: str) -> None:
    """Scripts can check every point."""
    found = at(town, "match", "suggest", "1", "--json").json

    assert ["m2", "m3"] == [each["helper"] for each in found["suggestions"]]
    for each in found["suggestions"]:
        assert each["score"] == sum(term["value"] for term in each["terms"])
        assert all(term["value"] == term["points"] * term["weight"] for term in each["terms"])
    assert (2, {}, []) == (found["count"], found["counts"], found["blocked"])


def test_who_is_nearly_suggested_is_named_with_the_reason(town: str) -> None:
    """One sentence that says what would have to change."""
    at(town, "profile", "set", "m3", "--reach", "1km", "--by", "member:m3")

    done = at(town, "match", "suggest", "1")
    explained = at(town, "match", "explain", "1", "m3")

    assert "m further than the helper goes" in done.out
    assert "Kept away: 1, by distance 1." in done.out
    assert "m3 for request 1 of lille: not suggested" in explained.out
    assert "what others may know" in explained.out
    assert ["distance"] == [
        each["code"] for each in at(town, "match", "explain", "1", "m3", "--json").json["reasons"]
    ]


def test_an_explanation_is_the_sum_of_its_terms(town: str) -> None:
    """A line for each term, and the score below."""
    done = at(town, "match", "explain", "1", "m2")

    assert "m2 for request 1 of lille: number 1 of 2" in done.out
    assert "recency" in done.out
    assert 0 == at(town, "match", "explain", "1", "m2", "--json").json["suggestion"]["asked"]


def test_a_match_from_the_question_to_the_outcome(town: str) -> None:
    """Offer, accept, conclude; a dry run asks nobody."""
    assert 0 == at(town, "match", "offer", "1", "m2", "--dry-run").status
    assert [] == at(town, "match", "list", "--json").json

    offered = at(town, "match", "offer", "1", "m2")
    accepted = at(town, "match", "accept", "1", "--by", "member:m2")
    concluded = at(town, "match", "conclude", "1", "helped")

    assert "Match 1 of lille: m2 is asked to help with request 1, until " in offered.out
    assert "m2 will help m1 with request 1.\n" == accepted.out
    assert "Match 1 of lille: helped.\n" == concluded.out
    assert ["helped"] == [
        each["outcome"] for each in at(town, "match", "list", "--state", "accepted", "--json").json
    ]
    assert "accepted" in at(town, "match", "show", "1").out
    assert "No match of lille is past its deadline.\n" == at(town, "match", "expire").out


def test_a_match_that_comes_to_nothing(town: str) -> None:
    """Declined, offered to somebody else, withdrawn."""
    at(town, "match", "offer", "1", "m2")
    declined = at(town, "match", "decline", "1", "no_time", "--by", "member:m2")
    assert "m2 will not help with request 1.\n" == declined.out
    assert "not for m1" in at(town, "profile", "show", "m2").out
    at(town, "match", "offer", "1", "m3")
    withdrawn = at(town, "match", "withdraw", "2", "--reason", "Sample words")

    assert "Match 2 of lille is withdrawn.\n" == withdrawn.out
    refused = at(town, "match", "offer", "1", "m2")
    assert (1, "") == (refused.status, refused.out)
    assert "m2 is not suggested for request 1: parked, declined [not_suggested]" in refused.err


def test_a_profile_says_what_was_said(town: str) -> None:
    """A fact a line; what is forgotten is gone."""
    by = ("--by", "member:m2")
    at(town, "profile", "set", "m2", "--language", "fr", "--language", "ar", "--travel", "bicycle", *by)
    at(town, "profile", "set", "m2", "--per-day", "2h", "--rest", "30", "--team", "tea", *by)
    at(town, "profile", "declare", "m2", "bereavement", *by)
    at(town, "profile", "consent", "m2", "bereavement", *by)
    at(town, "profile", "exclude", "m2", "m3", *by)
    at(town, "profile", "clear", "m2", "honourability", "--expires", "2199-12-31")
    at(town, "profile", "park", "m2", "m3", "--until", "2199-12-31")
    done = at(town, "profile", "show", "m2")

    for line in (
        "ar, fr",
        "bicycle",
        "2 h 00",
        "30 min",
        "tea",
        "may be used",
        "2199-12-31",
        "never with m3",
    ):
        assert line in done.out, line
    at(town, "profile", "set", "m2", "--forget", "languages", "--forget", "home", *by)
    at(town, "profile", "retract", "m2", "bereavement", *by)
    at(town, "profile", "include", "m2", "m3", *by)
    at(town, "profile", "unclear", "m2", "honourability")
    left = at(town, "profile", "unpark", "m2", "m3", "--json").json
    assert ([], None, [], [], [], []) == tuple(
        left[each] for each in ("languages", "home", "experiences", "excluded", "clearances", "parked")
    )


def test_a_wish_says_what_was_said(town: str) -> None:
    """Where, and by whom."""
    by = ("--by", "member:m1")
    done = at(town, "wish", "set", "1", "--place", "50.64,3.07", "--experience", "grief", "--needed", *by)
    urgent = at(town, "wish", "set", "1", "--urgency", "0", "--reason", "Sample words", "--json")

    assert "50.640,3.070" in done.out
    assert "grief, needed" in done.out
    assert 0 == urgent.json["urgency"]
    assert {"lat_udeg": 50_640_000, "lon_udeg": 3_070_000} == urgent.json["place"]
    assert "urgency" in at(town, "wish", "show", "1").out
    assert None is at(town, "wish", "set", "1", "--forget", "experience", "--json", *by).json["experience"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("profile", "set", "m1", "--home", "Lille"), "not_a_spot"),
        (("profile", "set", "m1", "--home", "95,3"), "bad_place"),
        (("profile", "set", "m1", "--reach", "far"), "not_a_distance"),
        (("profile", "set", "m1", "--reach", "2.5m"), "not_a_distance"),
        (("profile", "set", "m1", "--reach", "999km", "--reason", "so"), "number_out_of_range"),
        (("profile", "set", "m1", "--language", "french", "--reason", "so"), "bad_language"),
        (("profile", "set", "m1", "--forget", "nothing"), "usage"),
        (("match", "suggest", "9"), "unknown_help_request"),
        (("match", "explain", "1", "m99"), "unknown_member"),
        (("match", "show", "9"), "unknown_match"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(
    town: str, arguments: tuple[str, ...], code: str
) -> None:
    """One line on stderr, nothing on stdout."""
    done = at(town, *arguments)

    assert 0 < done.status < 10
    assert "" == done.out
    assert f"[{code}]" in done.err


def test_distances_read_as_people_write_them() -> None:
    """Metres up to a kilometre, then kilometres."""
    assert ["", "0 m", "999 m", "1.0 km", "12.3 km"] == [
        distance(each) for each in (None, 0, 999, 1_000, 12_345)
    ]


def test_the_picture_shows_directions() -> None:
    """North is up, east is right; ranks are one character each."""
    place = Spot.parse("50.63,3.06")
    north, east = Spot.parse("50.66,3.06"), Spot.parse("50.63,3.10")
    picture = map_of(place, [(1, north), (2, east), (3, None), (11, east)])

    assert picture is not None
    lines = picture.plain.splitlines()[2:15]
    (row,) = [number for number, line in enumerate(lines) if "X" in line]
    column = lines[row].index("X")
    assert any(line[column : column + 1] == "1" for line in lines[:row])
    assert "+" in lines[row][column:]
    assert "the ring is 5 km away" in picture.plain
    assert None is map_of(None, [(1, north)])
    assert None is map_of(place, [(1, None)])
    assert "x is the place of the help, with a helper beside it" in (map_of(place, [(1, place)]) or "")
    assert ["9", "a", "*"] == [mark(9), mark(10), mark(40)]


def test_the_picture_goes_round_the_world() -> None:
    """Across the antimeridian it is the short way, and nobody falls off the edge."""
    west, far = Spot.parse("0,-179.9"), Spot.parse("40,0")
    picture = map_of(Spot.parse("0,179.9"), [(1, west), (2, far)])

    assert picture is not None
    lines = picture.plain.splitlines()
    assert any("X1" in line.replace(" ", "") or "x" in line for line in lines)
    assert "200 km" in picture.plain


def crowd(address: str) -> None:
    """Let more wish for company than m2 and m3 can give, and one for something nobody offers."""
    for _ in range(5):
        wish = ("request", "post", "--member", "m1", "-k", "company", "-m", "1h", *SLOT, "--by", "member:m1")
        assert 0 == at(address, *wish).status
    garden = ("request", "post", "--member", "m1", "-k", "garden", "-m", "1h", *SLOT, "--by", "member:m1")
    assert 0 == at(address, *garden).status


def test_a_plan_says_who_when_why_and_how_far_from_the_best(town: str) -> None:
    """Aligned columns, everybody who is left with a reason, nobody asked; nothing but the plan on stdout."""
    crowd(town)

    done = at(town, "match", "run", "--dry-run")

    lines = done.out.splitlines()
    assert "Plan for lille: 4 of 7 requests" == lines[0]
    rows = [line.split() for line in lines[3:7]]
    assert [["m1"], {"m2", "m3"}] == [sorted({row[1] for row in rows}), {row[2] for row in rows}]
    assert {lines[1].index("first time")} == {line.index("thu 1") for line in lines[3:7]}
    assert "Nobody left for" in lines
    words = " ".join(done.out.split())
    assert "kept away by kind 2" in words
    assert "needed elsewhere: " in words
    assert "Nobody was asked: this is a dry run." in done.out
    assert "proved the best" in done.out
    assert "" == done.err
    assert [] == at(town, "match", "list", "--json").json


def test_a_plan_has_no_visits_at_one_time(town: str) -> None:
    """Read from what is printed: half hours of the week, two for each hour; at most three for each helper."""
    crowd(town)

    plan = at(town, "match", "run", "--dry-run", "--json").json

    taken = [
        (each["helper"], slot) for each in plan["planned"] for slot in (each["starts"], each["starts"] + 1)
    ]
    assert len(taken) == len(set(taken))
    assert {"m2": 2, "m3": 2} == Counter(each["helper"] for each in plan["planned"])
    assert all(each["score"] == sum(term["value"] for term in each["terms"]) for each in plan["planned"])
    assert plan["gap_points"] is not None or plan["gap_requests"] > 0
    assert plan["is_optimal"] == (plan["served"] == plan["bound_served"] and plan["worth"] == plan["bound"])
    for each in plan["unserved"]:
        assert each["counts"] or each["needed_elsewhere"]


def test_who_is_left_is_told_the_smallest_change(town: str) -> None:
    """Who it is stands in the words for the coordinator alone."""
    garden = ("request", "post", "--member", "m1", "-k", "garden", "-m", "1h", *SLOT, "--by", "member:m1")
    assert 0 == at(town, *garden).status

    change = at(town, "match", "run", "--dry-run", "--json").json["unserved"][0]["relaxation"]

    assert ("kind", "m2 could, offering garden") == (change["code"], change["coordinator"])
    assert "if somebody offered help of this kind, there would be somebody" == change["public"]
    assert "smallest change: m2 could" in " ".join(at(town, "match", "run", "--dry-run").out.split())


def test_a_plan_is_the_same_bytes_whatever_order_rows_are_in(town: str) -> None:
    """Twice, and after the rows of the database were written again in another order."""
    crowd(town)
    before = [at(town, "match", "run", "--dry-run", *form).out for form in ((), ("--json",))]
    assert before == [at(town, "match", "run", "--dry-run", *form).out for form in ((), ("--json",))]

    moved = shuffled_rows(town.removeprefix("sqlite:///"))

    assert {"help_request", "help_offer"} <= moved
    assert before == [at(town, "match", "run", "--dry-run", *form).out for form in ((), ("--json",))]


def shuffled_rows(path: str) -> set[str]:
    """Write the rows of all tables that matching reads in reverse order; returns the tables."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA foreign_keys = OFF")
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        moved = set()
        for table in tables:
            rows = file.execute(f'SELECT * FROM "{table}"').fetchall()
            if not table.startswith(("help_", "identity_profile")) or not rows:
                continue
            file.execute("BEGIN")
            file.execute(f'DELETE FROM "{table}"')
            marks = ", ".join("?" * len(rows[0]))
            file.executemany(f'INSERT INTO "{table}" VALUES ({marks})', reversed(rows))
            file.execute("COMMIT")
            moved.add(table)
    return moved
