"""Every command keeps the house rules: help with an example, JSON, dry run, key, who acts."""

import shlex
from typing import Any

import pytest
import typer
from tests.cli.running import commands, run

from timebank.cli.help import example_lines, example_of
from timebank.cli.main import PROGRAM, app

COMMANDS = dict(commands())
READS = {
    ("account", "lines"),
    ("account", "list"),
    ("account", "show"),
    ("beneficiary", "list"),
    ("beneficiary", "show"),
    ("branch", "list"),
    ("branch", "show"),
    ("clearing", "ages"),
    ("clearing", "show"),
    ("doctor",),
    ("entry", "details"),
    ("entry", "list"),
    ("entry", "show"),
    ("hold", "list"),
    ("hours", "list"),
    ("hours", "show"),
    ("invitation", "list"),
    ("log", "key", "list"),
    ("log", "list"),
    ("log", "proof"),
    ("log", "show"),
    ("mandate", "list"),
    ("import", "reconcile"),
    ("match", "exchange"),
    ("match", "explain"),
    ("match", "list"),
    ("match", "show"),
    ("match", "suggest"),
    ("member", "dormant"),
    ("member", "erasures"),
    ("member", "estates"),
    ("member", "export-data"),
    ("member", "list"),
    ("member", "show"),
    ("offer", "list"),
    ("offer", "show"),
    ("policy", "check"),
    ("policy", "default"),
    ("policy", "diff"),
    ("policy", "explain"),
    ("policy", "list"),
    ("policy", "show"),
    ("profile", "show"),
    ("request", "list"),
    ("request", "show"),
    ("serve",),
    ("token", "list"),
    ("receipt",),
    ("redeem", "helpers"),
    ("redeem", "list"),
    ("redeem", "show"),
    ("report", "access"),
    ("report", "indicators"),
    ("report", "solvency"),
    ("report", "time-supply"),
    ("report", "trial-balance"),
    ("statement",),
    ("verify",),
    ("version",),
    ("webhook", "deliveries"),
    ("webhook", "list"),
    ("webhook", "show"),
    ("webhook", "test"),
    ("wish", "show"),
}
"""Commands that change nothing."""
ASKED_AS = {("redeem", "helpers")}
"""Reads that are answered or refused by who asks, because what they tell is not in the books."""
PUBLIC_KEYED = {("verify",)}
"""Commands whose `--key` is a public key."""
REPEATABLE = {
    ("audit",): "the same books are proven again",
    ("branch", "copy"): "a branch can be copied once",
    ("import", "branch"): "a branch can be restored once",
    ("import", "exchanges"): "a row that was imported before is known by what it says",
    ("import", "members"): "a row that was imported before is known by what it says",
    ("import", "openings"): "a row that was imported before is known by what it says",
    ("log", "cosign"): "a checkpoint is cosigned once; asked again, the first cosignature stays",
    ("log", "checkpoint"): "a log that has not grown has its checkpoint",
    ("log", "export"): "what is in a mirror is not written again",
    ("migrate",): "a schema that is current stays as it is",
    ("restore",): "what is there with the same journal stays as it is",
}
"""Commands that need no key, and why."""
IMPERSONAL = {
    ("branch", "copy"),
    ("import", "branch"),
    ("log", "checkpoint"),
    ("log", "export"),
    ("migrate",),
    ("restore",),
}
"""Commands that change no book, or bring their own actors."""
UNTRIED = {("log", "cosign")}
"""Commands that somebody else takes part in: what they would do cannot be tried out."""
TO_FILES = {noun for noun in COMMANDS if noun[0] in {"backup", "export"}}
"""Commands that write files and leave the books alone."""
UNSTORED = {"seed"}
"""Numbers that go to no database."""
WRITES = sorted(COMMANDS.keys() - READS - TO_FILES - {("demo",), ("webhook", "deliver")})


def options_of(command: Any) -> set[str]:  # noqa: ANN401 - Typer's own types are private
    """Return the options that a command takes."""
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}


def test_the_lists_above_name_commands_that_exist() -> None:
    """A list that nobody reads any more would excuse the wrong command."""
    assert set() == (READS | REPEATABLE.keys() | IMPERSONAL | UNTRIED) - COMMANDS.keys()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_prints_json(words: tuple[str, ...]) -> None:
    """Whatever people can see, scripts can read."""
    assert "--json" in options_of(COMMANDS[words])


@pytest.mark.parametrize("words", WRITES, ids=" ".join)
def test_every_write_can_be_tried_repeated_and_signed(words: tuple[str, ...]) -> None:
    """A coordinator can look first; a script can repeat; the books say who (I-9, I-14)."""
    wanted = set() if words in UNTRIED else {"--dry-run"}
    wanted |= set() if words in REPEATABLE else {"--key"}
    wanted |= set() if words in IMPERSONAL else {"--by"}

    assert set() == wanted - options_of(COMMANDS[words])


@pytest.mark.parametrize("words", sorted(READS), ids=" ".join)
def test_no_read_pretends_to_write(words: tuple[str, ...]) -> None:
    """An option that does nothing is a lie."""
    meant = {"--by"} if words in ASKED_AS else {"--key"} if words in PUBLIC_KEYED else set()

    assert meant == options_of(COMMANDS[words]) & {"--dry-run", "--key", "--by", "--yes"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example_that_can_be_typed(words: tuple[str, ...]) -> None:
    """An example is what people copy: it names the command, with options that exist and none left out."""
    command = COMMANDS[words]

    typed = shlex.split(example_of(command.epilog or ""))

    assert typed[:1] == [PROGRAM]
    assert any(tuple(typed[at : at + len(words)]) == words for at in (1, 3)), (
        "it is another command's example"
    )
    last = typed.index(words[-1]) if len(words) == 1 else typed.index(words[-1], typed.index(words[0]))
    command.make_context(words[-1], typed[last + 1 :], parent=typer.Context(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_help_page_fits_eighty_columns(words: tuple[str, ...]) -> None:
    """The help is read in a terminal; what is wider breaks in the middle of a word."""
    done = run(*words, "--help", width=80)

    assert 0 == done.status
    assert "Example:\n  timebank " in done.out
    assert [] == [line for line in done.out.splitlines() if len(line) > 80]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_parameter_is_explained(words: tuple[str, ...]) -> None:
    """An option without a word of help has to be guessed."""
    assert [] == [parameter.name for parameter in COMMANDS[words].params if not parameter.help]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_number_has_bounds(words: tuple[str, ...]) -> None:
    """A number that no database can hold is refused as such, not by an exception far below."""
    for parameter in COMMANDS[words].params:
        if parameter.type_descriptor.annotation is int and parameter.name not in UNSTORED:
            assert -(2**63) <= parameter.min, parameter.name
            assert 2**63 > parameter.max, parameter.name


def test_every_noun_lists_its_commands_in_full() -> None:
    """A list whose lines end in dots makes people open every page."""
    nouns = {words[0] for words in COMMANDS if len(words) > 1}
    for noun in ["", *sorted(nouns)]:
        done = run(*([noun] if noun else []), "--help", width=80)

        assert "..." not in done.out.replace("[ARGS]...", ""), done.out


def test_an_example_is_broken_as_a_shell_reads_it() -> None:
    """What stands in several lines is one command when it is pasted."""
    example = (
        'timebank hours log --provider m1 --recipient m2 -m 1h30 -k shopping --reason "a  long one; really"'
    )

    lines = list(example_lines(example))

    assert all(len(line) <= 78 for line in lines)
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert shlex.split(example) == shlex.split("".join(line.removesuffix("\\") for line in lines))
