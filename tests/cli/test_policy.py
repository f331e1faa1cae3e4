"""The rules of a branch on the command line: show, check, compare, set."""

from pathlib import Path

import pytest
from tests.cli.running import run

from timebank.policy.document import parse_policy
from timebank.policy.writing import DEFAULT_POLICY_TEXT

RULES = 'format = 1\n\n[rounding]\nstep_minutes = 30\nmode = "up"\n'


@pytest.fixture
def rules(tmp_path: Path) -> str:
    """A file of rules that differ from the default in two keys."""
    file = tmp_path / "rules.toml"
    file.write_text(RULES, encoding="utf-8")
    return str(file)


def test_what_is_shown_can_be_saved_and_set_again(address: str) -> None:
    """The document goes to stdout byte by byte; who set it and since when, to stderr."""
    done = run("--db", address, "policy", "show", "-b", "lille")

    assert DEFAULT_POLICY_TEXT == done.out
    assert "version 1 of lille, in force from 1970-01-01, set by coordinator:desk\n" == done.err


def test_the_default_rules_need_no_database() -> None:
    """Who founds a branch starts from them."""
    assert (0, DEFAULT_POLICY_TEXT) == (run("policy", "default").status, run("policy", "default").out)
    assert {"document": DEFAULT_POLICY_TEXT} == run("policy", "default", "--json").json


def test_a_new_version_says_what_it_changes_and_the_old_one_stays(address: str, rules: str) -> None:
    """The board reads the changes; the auditor reads any version."""
    done = run("--db", address, "policy", "set", rules, "-b", "lille", "--json")

    assert 2 == done.json["version"]
    assert [
        {"key": "rounding.step_minutes", "before": "15", "after": "30"},
        {"key": "rounding.mode", "before": '"nearest"', "after": '"up"'},
    ] == done.json["changes"]
    assert RULES == run("--db", address, "policy", "show", "-b", "lille").out
    assert DEFAULT_POLICY_TEXT == run("--db", address, "policy", "show", "-b", "lille", "--version", "1").out
    assert [1, 2] == [
        each["version"] for each in run("--db", address, "policy", "list", "-b", "lille", "--json").json
    ]


def test_rules_are_shown_in_full_where_the_document_says_less(address: str, rules: str) -> None:
    """Who set two keys long ago sees what else counts, and since added keys; set again, nothing changes."""
    run("--db", address, "policy", "set", rules, "-b", "lille")

    full = run("--db", address, "policy", "show", "-b", "lille", "--in-full")
    as_json = run("--db", address, "policy", "show", "-b", "lille", "--in-full", "--json").json

    assert "\nstep_minutes = 30\n" in full.out
    assert "\n[matching.weights]\n" in full.out
    assert "\nanswer_hours = 48\n" in full.out
    assert parse_policy(RULES) == parse_policy(full.out)
    assert (full.out, 2) == (as_json["document"], as_json["version"])


def test_the_same_key_sets_once(address: str, rules: str) -> None:
    """A second run answers as the first did (I-9)."""
    first, again = (
        run("--db", address, "policy", "set", rules, "-b", "lille", "--key", "k", "--json") for _ in range(2)
    )

    assert first.json["version"] == again.json["version"] == 2


def test_a_document_is_compared_before_it_is_set(address: str, rules: str) -> None:
    """Nothing is changed by looking; once set, nothing differs any more."""
    before = run("--db", address, "policy", "diff", rules, "-b", "lille", "--json").json
    run("--db", address, "policy", "set", rules, "-b", "lille")

    assert ["rounding.step_minutes", "rounding.mode"] == [each["key"] for each in before]
    assert [] == run("--db", address, "policy", "diff", rules, "-b", "lille", "--json").json
    assert "nothing" in run("--db", address, "policy", "diff", rules, "-b", "lille").out
    assert (
        before
        == run("--db", address, "policy", "diff", rules, "-b", "lille", "--version", "1", "--json").json
    )


def test_every_fault_of_a_document_is_listed(tmp_path: Path, address: str) -> None:
    """Who mends a file wants all of it at once: as the result of a check, as the reason of a refusal."""
    file = tmp_path / "bad.toml"
    file.write_text("format = 1\n[rounding]\nstep_minutes = 0\nstepp = 1\n", encoding="utf-8")

    checked, refused = (
        run("policy", "check", str(file)),
        run("--db", address, "policy", "set", str(file), "-b", "lille"),
    )
    listed = run("policy", "check", str(file), "--json")

    assert (2, 2, 2) == (checked.status, refused.status, listed.status)
    assert ["out_of_range", "unknown_key"] == sorted(fault["code"] for fault in listed.json["faults"])
    for key in ("rounding.step_minutes", "rounding.stepp"):
        assert key in checked.out
        assert key in refused.err
    assert ("", "") == (checked.err, refused.out)


def test_one_fault_is_one_line(tmp_path: Path, address: str) -> None:
    """A list of one would say the same thing twice."""
    file = tmp_path / "bad.toml"
    file.write_text("format = 1\nx = 1\n", encoding="utf-8")

    assert 1 == run("--db", address, "policy", "set", str(file), "-b", "lille").err.count("\n")


def test_a_usable_document_is_called_so(rules: str) -> None:
    """Exit status 0 and a sentence."""
    assert (0, "rules.toml is a usable policy.\n") == (
        run("policy", "check", rules).status,
        run("policy", "check", rules).out,
    )


def test_the_ready_made_policies_are_listed_printed_explained_and_set(address: str) -> None:
    """By name, wherever a document is wanted; an unknown name says which there are."""
    listed = run("policy", "list", "--json").json
    printed = run("policy", "default", "kiss")
    told = run("policy", "explain", "kiss")
    done = run("--db", address, "policy", "set", "kiss", "--branch", "lille")
    of_branch = run("--db", address, "policy", "explain", "--branch", "lille", "--json").json
    unknown = run("policy", "explain", "nowhere")

    assert "kiss" in [each["name"] for each in listed]
    assert printed.out.startswith("# KISS cooperatives (Switzerland)")
    assert "A member earns at most 6 h in a week, from Monday to Sunday; more is refused." in told.out
    assert (0, "") == (done.status, done.err)
    assert told.out.count(".\n") == sum(len(each["sentences"]) for each in of_branch)
    assert (3, "") == (unknown.status, unknown.out)
    assert "[no_ready_policy]" in unknown.err
    assert "nalc" in unknown.err


def test_explaining_needs_one_thing_to_explain(address: str) -> None:
    """A document or a branch."""
    for words in ((), ("kiss", "--branch", "lille")):
        assert 2 == run("--db", address, "policy", "explain", *words).status


def test_a_difference_is_said_in_plain_words(address: str) -> None:
    """What no longer holds, and what does instead; between two documents, or against a branch."""
    told = run("policy", "diff", "kiss", "--against", "nalc")
    of_branch = run("--db", address, "policy", "diff", "kiss", "--branch", "lille")
    same = run("policy", "diff", "kiss", "--against", "kiss")

    assert "  - There is no limit to what a member can save.\n  + A member can save up to 720 h." in told.out
    assert "  - A member can owe up to 10 h.\n" in of_branch.out
    assert "  + A member cannot owe hours.\n" in of_branch.out
    assert "+" not in same.out
    for words in ((), ("--branch", "lille", "--against", "nalc")):
        assert 2 == run("--db", address, "policy", "diff", "kiss", *words).status
