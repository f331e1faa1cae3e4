"""`timebank demo`: build the sample world, and show what timebank does with it."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.text import Text

from timebank.cli import wire
from timebank.cli.files import write_text
from timebank.cli.options import Json
from timebank.cli.output import ResultConsole, amount, emit, stderr, stdout, table_of
from timebank.cli.session import session_of
from timebank.errors import TimebankError
from timebank.ledger.chart import available, place_of
from timebank.minutes import format_minutes

if TYPE_CHECKING:
    from rich.console import RenderableType

    from timebank.ledger.model import JournalEntry
    from timebank.services.bank import Bank
    from timebank.services.sample_world import SampleWorld

PROGRAM = "timebank"
DEFAULT_ADDRESS = "sqlite:///timebank-demo.db"
SHOWN = 5
BAR = 30
SENTENCES = 2
"""How many of a check's sentences are shown: the last ones, when the hour was given."""
PICTURE_WIDTH = 84
NAMES = {"lille": "Lille", "locmine": "Locminé"}


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command("demo", epilog="Example:  timebank demo --db sqlite:///demo.db")
    def demo(
        ctx: typer.Context,
        db: Annotated[
            str | None,
            typer.Option("--db", help="Where to build it; timebank-demo.db by default.", metavar="ADDRESS"),
        ] = None,
        seed: Annotated[int, typer.Option("--seed", help="Same seed, same world.", min=0)] = 7,
        picture: Annotated[
            Path | None, typer.Option("--picture", help="Also draw it into an SVG file.", metavar="FILE")
        ] = None,
        json_: Json = False,
    ) -> None:
        """Build a sample world of two branches and four years, and tell a family's story in it.

        The database stays, to look around in. Running it again changes nothing.
        """
        import timebank
        from timebank.clock import SystemClock
        from timebank.services.sample_world import build, sample_clock

        address = db or session_of(ctx).address or DEFAULT_ADDRESS
        clock = sample_clock()
        bank = timebank.open(address, clock=clock)
        ctx.call_on_close(bank.close)
        with _progress() as progress:
            task = progress.add_task("Building", total=None, rows=0)
            world = build(
                bank,
                clock,
                seed=seed,
                progress=lambda what, rows: progress.update(task, description=what, rows=rows),
                now=SystemClock().now(),
            )
        if json_:
            emit(_facts(bank, world), as_json=True)
            return
        parts = list(_parts(bank, world, address))
        _print(stdout(), parts)
        if picture is not None:
            write_text(picture, _drawn(parts))


@contextmanager
def _progress() -> Iterator[Progress]:
    console = stderr()
    columns = (TextColumn("{task.description}"), TextColumn("{task.fields[rows]:,} rows"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress


def _facts(bank: "Bank", world: "SampleWorld") -> dict[str, object]:
    report = bank.audits.run()
    return {
        "branches": list(NAMES),
        "files": [{"name": file.name, "exchanges": file.exchanges} for file in world.files],
        "son": world.son,
        "mother": world.mother,
        "helper": world.helper,
        "redemption": world.redemption,
        "clearing": [wire.clearing_position(each) for each in bank.statements.clearing()],
        "audit": wire.audit(report),
    }


def _parts(bank: "Bank", world: "SampleWorld", address: str) -> "Iterator[RenderableType]":
    yield Text("timebank demo: help somebody near you; your mother, far away, receives help", style="bold")
    yield _branches(bank, world)
    yield _chart(bank)
    yield _balances(bank)
    yield from _story(bank, world)
    yield _statement(bank, world)
    yield _clearing(bank)
    report = bank.audits.run()
    verdict = "no faults" if report.ok else f"{len(report.faults)} FAULTS"
    line = f"Audit: {report.entries:,} entries and {report.accounts:,} accounts recomputed, {verdict}."
    yield Text(line, style="bold green" if report.ok else "bold red")
    yield _receipt(bank, world)
    yield _invitation(bank, address, world)


def _branches(bank: "Bank", world: "SampleWorld") -> "RenderableType":
    rows = []
    for (code, name), file in zip(NAMES.items(), world.files, strict=True):
        help_given = sum(month.minutes for month in bank.activity.by_month(code))
        rows.append(
            (name, file.name, f"{file.exchanges:,}", len(bank.members.list(code)), amount(help_given))
        )
    columns = ["branch", "imported from", "exchanges", "members", "help given"]
    return table_of("Two branches, four years", columns, rows, right=columns[2:])


def _chart(bank: "Bank") -> "RenderableType":
    quarters: dict[str, dict[str, int]] = {}
    for code in NAMES:
        for month in bank.activity.by_month(code):
            year, number = month.month.split("-")
            quarter = f"{year} Q{(int(number) + 2) // 3}"
            quarters.setdefault(quarter, dict.fromkeys(NAMES, 0))[code] += month.minutes
    most = max(sum(each.values()) for each in quarters.values())
    chart = Text("Hours of help, quarter by quarter  ", style="bold")
    chart.append("█ Lille  ", style="cyan").append("█ Locminé\n", style="magenta")
    for quarter, minutes in sorted(quarters.items()):
        chart.append(f"\n  {quarter}  ", style="not bold")
        chart.append("█" * round(BAR * minutes["lille"] / most), style="not bold cyan")
        chart.append("█" * round(BAR * minutes["locmine"] / most), style="not bold magenta")
        chart.append(f" {sum(minutes.values()) // 60} h", style="not bold")
    return chart


def _balances(bank: "Bank") -> "RenderableType":
    views = [view for view in bank.accounts.list("lille") if view.path.startswith("member:")]
    views = sorted(
        (view for view in views if view.path.endswith(":available")), key=lambda view: -view.balance
    )
    rows = [
        (view.path, amount(view.balance), amount(view.held), amount(view.given), amount(view.received))
        for view in (*views[:SHOWN], *views[-2:])
    ]
    columns = ["account", "balance", "held", "given", "received"]
    return table_of("Lille: most in credit, and most helped", columns, rows, right=columns[1:])


def _story(bank: "Bank", world: "SampleWorld") -> "Iterator[RenderableType]":
    story = bank.redemptions.show(world.redemption)
    redemption = story.redemption
    charged = format_minutes(redemption.charged_minutes or 0)
    told = Text(f"A family's story: redemption {redemption.ref}", style="bold")
    steps = (
        f"{world.son} in Lille names his mother in Locminé; she consents, a coordinator checks it.",
        f"He asks for {format_minutes(redemption.planned_minutes)} of company for her; they are held.",
        f"{world.helper}, who lives near her, comes and logs the help; she confirms it.",
        f"He is charged {charged}, the helper is credited, the rest goes back.",
    )
    for number, step in enumerate(steps, 1):
        told.append(f"\n  {number}. {step}", style="not bold")
    yield told
    rows = [row for entry in story.entries for row in _entry_rows(entry)]
    yield table_of("Its entries in both books", ["entry", "debit", "credit", "time"], rows, right=["time"])


def _entry_rows(entry: "JournalEntry") -> Iterator[tuple[object, ...]]:
    debits = [posting for posting in entry.draft.postings if posting.side == "debit"]
    credits = [posting for posting in entry.draft.postings if posting.side == "credit"]
    for one, other in zip(debits, credits, strict=True):
        yield f"{entry.branch} {entry.seq} {entry.draft.kind}", one.path, other.path, amount(one.amount)


def _statement(bank: "Bank", world: "SampleWorld") -> "RenderableType":
    statement = bank.statements.statement("lille", available(world.son))
    rows = [
        (
            line.effective_on,
            line.entry,
            line.kind,
            _other(line.other_paths),
            amount(line.change),
            amount(line.balance),
        )
        for line in statement.lines[-SHOWN:]
    ]
    columns = ["on", "entry", "kind", "with", "change", "balance"]
    title = f"Statement of {available(world.son)}, last lines"
    return table_of(title, columns, rows, right=["entry", "change", "balance"])


def _other(paths: tuple[str, ...]) -> str:
    place = place_of(paths[0])
    return place.bucket if place.bucket == "held" else place.name


def _clearing(bank: "Bank") -> "RenderableType":
    rows = [
        (
            NAMES[position.branch],
            NAMES[position.other],
            amount(position.owed),
            amount(position.owed_back),
            "yes" if position.is_reconciled else "NO",
        )
        for position in bank.statements.clearing()
    ]
    columns = ["branch", "owes", "by its book", "by the other's", "sum to zero"]
    return table_of("Clearing", columns, rows, right=columns[2:4])


def _receipt(bank: "Bank", world: "SampleWorld") -> "RenderableType":
    """Prove the family's hour, and check the proof as they would: elsewhere, and without the database."""
    try:
        data, keys = receipt_of_story(bank, world)
    except TimebankError as error:
        return Text(f"No receipt for the family's hour: {error}", style="bold red")
    status, answer = check_elsewhere(data, keys)
    entries = len(json.loads(data)["parts"])
    line = f"Receipt for the family's hour: its {entries} entries, proved by both branches' signed logs"
    told = Text(f"{line}, {len(data):,} bytes.", style="bold")
    told.append(
        "\n\n  timebank verify receipt.json --key lille.key --key locmine.key"
        "    (in another folder, no database)",
        style="not bold dim",
    )
    style = "not bold green" if status == 0 else "not bold red"
    for sentence in answer.splitlines()[-SENTENCES:]:
        told.append(f"\n  {sentence}", style=style)
    return told


def receipt_of_story(bank: "Bank", world: "SampleWorld") -> tuple[bytes, tuple[str, ...]]:
    """Return a receipt of the redemption, and the logs' public keys; they are made the first time."""
    for branch in NAMES:
        if not any(key.is_active for key in bank.log.keys(branch)):
            bank.log.new_key(branch)
    made = bank.receipts.of_redemption(world.redemption)
    return made.data, made.keys


def check_elsewhere(data: bytes, keys: tuple[str, ...]) -> tuple[int, str]:
    """Check a receipt in a process and a folder of its own; returns its exit status and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "receipt.json").write_bytes(data)
        command = [sys.executable, "-m", PROGRAM, "verify", "receipt.json"]
        for key in keys:
            command += ["--key", key]
        package = str(Path(__file__).parents[2])
        done = subprocess.run(  # noqa: S603 - our own program
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": package, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    return done.returncode, (done.stdout or done.stderr).strip()


def _invitation(bank: "Bank", address: str, world: "SampleWorld") -> "RenderableType":
    no = bank.redemptions.show(world.redemption).redemption.beneficiary_no
    whose = f"--branch lille --beneficiary {no}"
    is_on_path = shutil.which(PROGRAM) is not None
    program = PROGRAM if is_on_path or Path(sys.argv[0]).name != PROGRAM else sys.argv[0]
    commands = (
        f"export TIMEBANK_DB={address}",
        f"{program} account list --branch lille",
        f"{program} statement {available(world.son)} --branch lille",
        f"{program} redeem show {world.redemption}",
        f"{program} receipt --redemption {world.redemption} --output receipt.json --pdf receipt.pdf",
        f"{program} match suggest 1 --branch lille",
        f"{program} redeem helpers {whose} --kind company --minutes 1h30 --by member:{world.son}",
        f"{program} export journal --branch lille --format hledger",
        f"{program} --help",
    )
    invitation = Text("Look around yourself:\n", style="bold")
    for command in commands:
        invitation.append(f"\n  {command}", style="not bold")
    return invitation


def _print(console: Console, parts: "list[RenderableType]") -> None:
    """Print the parts with a line between them; on the console for results, tables bring their own."""
    for number, part in enumerate(parts):
        if number and (isinstance(part, Text) or not isinstance(console, ResultConsole)):
            console.print()
        console.print(part, soft_wrap=isinstance(part, Text))


def _drawn(parts: "list[RenderableType]") -> str:
    console = Console(
        record=True, width=PICTURE_WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    _print(console, parts)
    return console.export_svg(title="timebank demo", unique_id="timebank-demo", code_format=without_fonts())


def without_fonts() -> str:
    """Return Rich's picture format without the fonts it would fetch from elsewhere."""
    return re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
        "Fira Code, monospace", "monospace"
    )
