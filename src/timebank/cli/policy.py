"""`timebank policy`: the rules of a branch."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from timebank.cli import wire
from timebank.cli.exits import Exit
from timebank.cli.files import read_text
from timebank.cli.inputs import day_in
from timebank.cli.options import NUMBER_MOST, Branch, By, DryRun, Json, Key
from timebank.cli.output import emit, note, table_of
from timebank.cli.session import session_of
from timebank.errors import NoReadyPolicy, PolicyInvalid, UsageFault

if TYPE_CHECKING:
    from timebank.policy.changes import Change
    from timebank.policy.model import Policy
    from timebank.storage.policies import PolicyVersion

app = typer.Typer(
    name="policy", help="The rules of a branch: show, check, compare, set.", no_args_is_help=True
)
File = Annotated[
    Path,
    typer.Argument(
        help="Rules: a TOML file, or the name of a ready-made policy.", metavar="FILE|NAME", dir_okay=False
    ),
]
Version = Annotated[
    int | None,
    typer.Option(
        "--version",
        help="Number of the version; the one in force today by default.",
        metavar="NO",
        min=1,
        max=NUMBER_MOST,
        show_default=False,
    ),
]


@app.command("show", epilog="Example:  timebank policy show --branch lille")
def show(
    ctx: typer.Context,
    branch: Branch,
    version: Version = None,
    in_full: Annotated[
        bool,
        typer.Option(
            "--in-full", help="Every key and what it means, also those that the document leaves out."
        ),
    ] = False,
    json_: Json = False,
) -> None:
    """Print the rules of a branch, a TOML document."""
    from timebank.policy.writing import write_policy

    found = session_of(ctx).open().policies.show(branch, version)
    document = write_policy(found.policy) if in_full else found.document
    emit({**wire.policy_version(found), "document": document}, as_json=json_, table=document)
    if not json_:
        note(f"version {found.version} of {branch}, in force from {found.effective_on}, set by {found.actor}")


@app.command("default", epilog="Example:  timebank policy default nalc")
def default(
    name: Annotated[
        str | None,
        typer.Argument(help="A ready-made policy instead: see list.", metavar="[NAME]", show_default=False),
    ] = None,
    json_: Json = False,
) -> None:
    """Print the default rules, or ready-made ones, to start from.

    Every key with what it means; save the document, change it, check it, set it.
    """
    from timebank.policy.writing import DEFAULT_POLICY_TEXT

    document = DEFAULT_POLICY_TEXT if name is None else _ready(name)
    emit({"document": document}, as_json=json_, table=document)


@app.command("explain", epilog="Example:  timebank policy explain nalc")
def explain(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Rules: a TOML file, or the name of a ready-made policy.",
            metavar="[FILE|NAME]",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option("--branch", "-b", help="Of this branch.", metavar="CODE", show_default=False),
    ] = None,
    json_: Json = False,
) -> None:
    """Say in plain words what rules mean: of a document, or of a branch."""
    from timebank.policy.document import parse_policy
    from timebank.policy.explaining import explain as chapters_of

    if (file is None) == (branch is None):
        raise UsageFault(problem="say either FILE or --branch", command="timebank policy explain")
    if file is not None:
        policy = parse_policy(_document(file))
    else:
        assert branch is not None, "one of the two was required"
        policy = session_of(ctx).open().policies.show(branch).policy
    chapters = chapters_of(policy)
    lines: list[str] = []
    for chapter in chapters:
        lines += [*([""] if lines else []), chapter.title, *(f"  {each}" for each in chapter.sentences)]
    value = [{"title": each.title, "sentences": list(each.sentences)} for each in chapters]
    emit(value, as_json=json_, table="\n".join(lines))


@app.command("list", epilog="Example:  timebank policy list --branch lille")
def list_(
    ctx: typer.Context,
    branch: Annotated[
        str | None,
        typer.Option(
            "--branch", "-b", help="Versions of this branch's rules.", metavar="CODE", show_default=False
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """List the ready-made policies, or the versions of a branch's rules."""
    if branch is None:
        from timebank.services.policies import ready_made

        ready = ready_made()
        table = table_of("Ready-made policies", ["name", "of"], [(each.name, each.title) for each in ready])
        emit([{"name": each.name, "title": each.title} for each in ready], as_json=json_, table=table)
        return
    versions = session_of(ctx).open().policies.list(branch)
    values = [wire.policy_version(each) for each in versions]
    emit(values, as_json=json_, table=_versions_table(f"Policy versions of {branch}", versions))


@app.command("check", epilog="Example:  timebank policy check rules.toml")
def check(file: File, json_: Json = False) -> None:
    """Check a document of rules, and list every fault.

    Needs no database. Exit status 2 if there are faults.
    """
    from timebank.policy.document import parse_policy

    try:
        parse_policy(_document(file))
    except PolicyInvalid as invalid:
        faults = [wire.policy_fault(fault) for fault in invalid.faults]
        rows = [(fault.key or f"line {fault.line}", fault.code, fault.text) for fault in invalid.faults]
        table = table_of(f"Faults of {file.name}", ["where", "code", "what to mend"], rows)
        emit({"ok": False, "faults": faults}, as_json=json_, table=table)
        raise typer.Exit(Exit.USAGE) from None
    emit({"ok": True, "faults": []}, as_json=json_, table=f"{file.name} is a usable policy.")


@app.command("diff", epilog="Example:  timebank policy diff rules.toml --branch lille")
def diff(
    ctx: typer.Context,
    file: File,
    branch: Annotated[
        str | None,
        typer.Option(
            "--branch", "-b", help="Against the rules of this branch.", metavar="CODE", show_default=False
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            help="Against another document, or a ready-made policy.",
            metavar="FILE|NAME",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    version: Version = None,
    json_: Json = False,
) -> None:
    """Show what a document would change, key by key and in plain words.

    Compares it with the rules of a branch, or with another document.
    """
    from timebank.policy.changes import changes_between
    from timebank.policy.document import parse_policy

    if (branch is None) == (against is None):
        raise UsageFault(problem="say either --branch or --against", command="timebank policy diff")
    new = parse_policy(_document(file))
    if against is not None:
        old, of = parse_policy(_document(against)), against.name
    else:
        assert branch is not None, "one of the two was required"
        known = session_of(ctx).open().policies.show(branch, version)
        old, of = known.policy, f"version {known.version} of {branch}"
    changes = changes_between(old, new)
    table = _changes_table(f"What {file.name} changes in {of}", changes)
    emit([wire.policy_change(each) for each in changes], as_json=json_, table=[table, *_in_words(old, new)])


@app.command(
    "set", epilog="Example:  timebank policy set rules.toml --branch lille --effective-on 2030-01-01"
)
def set_(
    ctx: typer.Context,
    file: File,
    branch: Branch,
    effective_on: Annotated[
        str | None,
        typer.Option(
            "--effective-on", help="First day it counts; today by default.", metavar="DAY", show_default=False
        ),
    ] = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Give a branch new rules from a day on.

    What is booked keeps the rules it was booked under.
    """
    document = _document(file)
    day = day_in(effective_on)
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    version, changes = bank.policies.set(branch, document, effective_on=day, key=key)
    value = {**wire.policy_version(version), "changes": [wire.policy_change(each) for each in changes]}
    line = f"Version {version.version} of the policy of {branch} counts from {version.effective_on}."
    emit(
        value,
        as_json=json_,
        table=[_changes_table(f"What version {version.version} changes", changes), f"\n{line}"],
    )


def _document(file: Path) -> str:
    """Return a document by its file; by the name of a ready-made policy, where there is no such file."""
    if file.exists() or file.suffix or len(file.parts) != 1:
        return read_text(file)
    return _ready(file.name)


def _ready(name: str) -> str:
    """Return the document of a ready-made policy.

    Raises:
        NoReadyPolicy: there is none of that name.
    """
    from timebank.services.policies import ready_made

    known = {each.name: each.document for each in ready_made()}
    if name not in known:
        raise NoReadyPolicy(known=", ".join(known))
    return known[name]


def _in_words(old: "Policy", new: "Policy") -> list[str]:
    """Return the sentences that no longer hold, and those that do instead, chapter by chapter."""
    from timebank.policy.explaining import explain as chapters_of

    lines: list[str] = []
    for before, after in zip(chapters_of(old), chapters_of(new), strict=True):
        gone = [f"  - {each}" for each in before.sentences if each not in after.sentences]
        come = [f"  + {each}" for each in after.sentences if each not in before.sentences]
        if gone or come:
            lines += ["", after.title, *gone, *come]
    return lines


def _versions_table(title: str, versions: "Sequence[PolicyVersion]") -> Table:
    rows = [(each.version, each.effective_on, each.actor) for each in versions]
    return table_of(title, ["version", "counts from", "set by"], rows, right=["version"])


def _changes_table(title: str, changes: "Sequence[Change]") -> Table:
    rows = [(each.key, each.before, each.after) for each in changes] or [("nothing", "", "")]
    return table_of(title, ["key", "before", "after"], rows)
