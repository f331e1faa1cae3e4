"""Transfers, entries, statements, trial balances, clearing: what the commands do and how they read."""

import sqlite3
from pathlib import Path

import pytest
from tests.builders import NOW
from tests.cli.running import Done, run

MOVE = ("transfer", "-b", "lille", "--from", "member:m1:available", "--to", "fund:solidarity", "-m", "1h")
GIFT = (*MOVE, "--reason", "a gift")


@pytest.fixture
def fund(address: str) -> str:
    """The address of a bank with a solidarity fund."""
    assert 0 == run("--db", address, "account", "open", "fund:solidarity", "-b", "lille").status
    return address


def balances(address: str) -> dict[str, int]:
    """Return every balance that is not zero."""
    accounts = run("--db", address, "account", "list", "-b", "lille", "--json").json
    return {each["path"]: each["balance_minutes"] for each in accounts if each["balance_minutes"]}


def statement(address: str, *options: str) -> Done:
    """Return the statement of m1."""
    return run("--db", address, "statement", "member:m1:available", "-b", "lille", *options)


def test_a_transfer_moves_minutes_and_says_so(fund: str) -> None:
    """The coordinator reads what was booked; the books have it."""
    done = run("--db", fund, *GIFT)

    assert (0, "Entry 2 of lille: 1 h 00 from member:m1:available to fund:solidarity.\n") == (
        done.status,
        done.out,
    )
    assert {"member:m1:available": 30, "member:m2:available": -90, "fund:solidarity": 60} == balances(fund)


def test_the_same_key_transfers_once(fund: str) -> None:
    """A script that is run twice must not give twice; another gift under that key is refused (I-9)."""
    first = run("--db", fund, *GIFT, "--key", "k1", "--json")
    again = run("--db", fund, *GIFT, "--key", "k1", "--json")
    other = run("--db", fund, *GIFT, "--key", "k1", "-m", "5")

    assert first.json == again.json
    assert 60 == balances(fund)["fund:solidarity"]
    assert (1, True) == (other.status, "[key_reused]" in other.err)


def test_a_dry_run_prints_the_result_and_changes_nothing(fund: str) -> None:
    """What it prints is what would happen: also a refusal is."""
    before = balances(fund)

    assert 2 == run("--db", fund, *GIFT, "--dry-run", "--json").json["entry"]
    assert 1 == run("--db", fund, *MOVE, "-m", "999h", "--reason", "x", "--dry-run").status
    assert before == balances(fund)


def test_a_transfer_in_money_takes_money(fund: str) -> None:
    """An hour is no amount of euros, and 12.50 is no length of time (I-12)."""
    paths = ("--from", "issuance:opening", "--to", "fund:solidarity", "--reason", "x", "--unit", "EUR")
    for path in ("issuance:opening", "fund:solidarity"):
        run("--db", fund, "account", "open", path, "-b", "lille", "--unit", "EUR")

    refused = run("--db", fund, "transfer", "-b", "lille", *paths, "-m", "1h")
    done = run("--db", fund, "transfer", "-b", "lille", *paths, "-m", "12.50")
    unknown = run("--db", fund, "transfer", "-b", "lille", *paths, "-m", "12.50", "--unit", "euro")

    assert (2, True) == (refused.status, "[not_an_amount]" in refused.err)
    assert "Entry 2 of lille: 12.50 EUR from issuance:opening to fund:solidarity.\n" == done.out
    assert (2, True) == (unknown.status, "[bad_unit]" in unknown.err)


def test_a_reversal_is_linked_from_both_ends(fund: str) -> None:
    """Who looks at either entry finds the other (I-3)."""
    run("--db", fund, *GIFT)
    done = run("--db", fund, "entry", "reverse", "2", "-b", "lille", "--reason", "another fund was meant")

    assert "Entry 2 of lille is reversed by entry 3.\n" == done.out
    first, second = (run("--db", fund, "entry", "show", no, "-b", "lille") for no in ("2", "3"))
    assert "reversed by entry 3" in first.out
    assert "reverses entry 2" in second.out
    assert "another fund was meant" in second.out
    shown = run("--db", fund, "entry", "show", "2", "-b", "lille", "--json").json
    assert (None, 3, ["a gift"]) == (shown["reverses"], shown["reversed_by"], shown["notes"])


def test_entries_are_listed_newest_first_and_page_by_page(fund: str) -> None:
    """`--before` the last number seen gives the next page, until there is none."""
    for _ in range(3):
        run("--db", fund, *GIFT, "-m", "1")

    def page(*options: str) -> list[int]:
        return [
            each["entry"]
            for each in run("--db", fund, "entry", "list", "-b", "lille", "--json", *options).json
        ]

    assert [4, 3, 2, 1] == page()
    assert [4, 3] == page("--limit", "2")
    assert [2, 1] == page("--limit", "2", "--before", "3")
    assert [] == page("--before", "1")
    assert [1] == page("--cause", "service 1")
    assert [1] == page("--path", "member:m2:available")


def test_lines_of_an_account_come_page_by_page(fund: str) -> None:
    """Newest first, with the balance after each; every page says where the next one begins."""
    for _ in range(3):
        run("--db", fund, *GIFT)
    asked = ("--db", fund, "account", "lines", "fund:solidarity", "-b", "lille")

    first = run(*asked, "--limit", "2", "--json").json
    second = run(*asked, "--limit", "2", "--before", str(first["older"]), "--json").json
    shown = run(*asked, "--limit", "2").out

    assert [[(4, 60, 180), (3, 60, 120)], [(2, 60, 60)]] == [
        [(line["entry"], line["change_minutes"], line["balance_minutes"]) for line in page["lines"]]
        for page in (first, second)
    ]
    assert [2, None] == [first["older"], second["older"]]
    assert "older lines: --before 2\n" in shown
    assert shown.index("transfer 4") < shown.index("transfer 3")
    assert "transfer 2" not in shown
    assert "older" not in run(*asked).out
    assert 3 == run(*asked[:-3], "fund:nobody", "-b", "lille").status


def test_lines_in_money_are_not_those_in_hours(fund: str) -> None:
    """One path, two accounts: `--unit` says which (I-12)."""
    run("--db", fund, *GIFT)
    run("--db", fund, "account", "open", "fund:solidarity", "-b", "lille", "--unit", "EUR")

    asked = ("--db", fund, "account", "lines", "fund:solidarity", "-b", "lille", "--json")
    hours, money = run(*asked).json, run(*asked, "--unit", "EUR").json

    assert ("min", 1) == (hours["unit"], len(hours["lines"]))
    assert ("EUR", 0) == (money["unit"], len(money["lines"]))


def test_a_statement_opens_carries_and_closes(fund: str) -> None:
    """Opening plus changes is closing, and each line carries the balance."""
    run("--db", fund, *GIFT)

    found = statement(fund, "--json").json

    assert (0, 30) == (found["opening_minutes"], found["closing_minutes"])
    assert [(90, 90), (-60, 30)] == [
        (line["change_minutes"], line["balance_minutes"]) for line in found["lines"]
    ]


def test_a_statement_reads_well_in_eighty_columns(fund: str) -> None:
    """It is what members get to see: whose it is, when, what, with whom, how much; reversals linked."""
    run("--db", fund, "member", "rename", "m1", "-b", "lille", "--name", "見本 Élodie")
    day = NOW.date().isoformat()
    run("--db", fund, *GIFT, "--at", NOW.strftime("%Y-%m-%dT%H:%M+00:00"))
    run("--db", fund, "entry", "reverse", "2", "-b", "lille", "--reason", "x")

    out = statement(fund, "--first-on", day, "--last-on", day).out

    assert "Statement of member:m1:available (見本 Élodie)\n" in out
    assert f"Sample branch, {day} to {day}\n" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    lines = [line.split() for line in out.splitlines()]
    assert ["opening", "balance", "0", "min"] in lines
    assert [day, "1", "service", "1", "m2", "+1", "h", "30", "1", "h", "30"] in lines
    assert [day, "2", "transfer", "2", "fund:solidarity", "-1", "h", "00", "30", "min"] in lines
    assert ["reversed", "by", "entry", "3"] in lines
    assert ["closing", "balance", "30", "min"] in lines


def test_a_statement_as_known_leaves_out_what_was_recorded_later(fund: str) -> None:
    """The statement that was printed then can be printed again (two time axes); a day counts to its end."""
    day = NOW.date().isoformat()
    run("--db", fund, *GIFT, "--at", NOW.strftime("%Y-%m-%dT%H:%M+00:00"))

    now, then = (
        statement(fund, "--last-on", day, *known, "--json").json for known in ((), ("--known-at", day))
    )

    assert [1, 2] == [line["entry"] for line in now["lines"]]
    assert [1] == [line["entry"] for line in then["lines"]]
    assert f"{day}T22:59:59.999999Z" == then["known_at"] or f"{day}T21:59:59.999999Z" == then["known_at"]
    assert "\nSample branch, to" in statement(fund, "--last-on", day, "--known-at", day).out
    assert f"as known on {day}" in statement(fund, "--last-on", day, "--known-at", day).out


def test_the_name_above_a_statement_goes_with_the_person(fund: str) -> None:
    """An erased member's statement stays, without the name (I-10)."""
    assert "Sample Member 1" in statement(fund).out
    run("--db", fund, "member", "erase", "m1", "-b", "lille", "--yes")

    assert "Sample Member 1" not in statement(fund).out
    assert "+1 h 30" in statement(fund).out


def test_a_trial_balance_balances(fund: str) -> None:
    """One table for each unit, both sides summed, as of a day and as known at an instant."""
    run("--db", fund, *GIFT)
    done = run("--db", fund, "report", "trial-balance", "-b", "lille")
    (found,) = run("--db", fund, "report", "trial-balance", "-b", "lille", "--json").json
    (then,) = run(
        "--db", fund, "report", "trial-balance", "-b", "lille", "--known-at", NOW.date().isoformat(), "--json"
    ).json

    assert ["balanced", "1", "h", "30", "1", "h", "30"] == done.out.splitlines()[-1].split()
    assert (True, 90, 90) == (found["is_balanced"], found["debit_total"], found["credit_total"])
    assert ["fund:solidarity", "member:m1:available", "member:m2:available"] == [
        row["path"] for row in found["rows"]
    ]
    assert ["member:m1:available", "member:m2:available"] == [row["path"] for row in then["rows"]]


def test_a_branch_without_accounts_has_nothing_to_balance(address: str) -> None:
    """The first thing a new branch prints is a sentence, not an empty table."""
    run("--db", address, "branch", "create", "brest", "--name", "Brest")

    assert (
        "brest has no accounts yet.\n" == run("--db", address, "report", "trial-balance", "-b", "brest").out
    )


def test_clearing_says_who_owes_whom(address: str) -> None:
    """Without redemptions nobody owes anything; then the two books are set side by side (I-7)."""
    assert "No branch owes another anything.\n" == run("--db", address, "clearing", "show").out
    assert {"is_reconciled": True, "positions": []} == run("--db", address, "clearing", "show", "--json").json


def test_clearing_that_does_not_agree_is_the_exit_status_of_broken_books(
    address: str, tmp_path: Path
) -> None:
    """Somebody who changed one book behind our back is found, in words and by the status."""
    run("--db", address, "account", "open", "fund:solidarity", "-b", "lille")
    run("--db", address, *GIFT)
    with sqlite3.connect(tmp_path / "bank.db") as raw:
        raw.execute("DROP TRIGGER account_keeps_its_name")
        raw.execute("UPDATE account SET path = 'clearing:brest' WHERE path = 'fund:solidarity'")
    raw.close()

    done = run("--db", address, "clearing", "show")

    assert 4 == done.status
    assert "THEY DIFFER by 1 h 00" in done.out
    assert done.out.endswith("1 of 1 pairs do not agree.\n")
    assert not run("--db", address, "clearing", "show", "--json").json["is_reconciled"]
