"""`timebank receipt`: proof for a family that their hours are in the books."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from timebank.cli.files import reading, writing
from timebank.cli.options import NUMBER_MOST, Json
from timebank.cli.output import emit
from timebank.cli.session import session_of
from timebank.errors import UsageFault

if TYPE_CHECKING:
    from timebank.services.bank import Bank
    from timebank.services.receipts import Receipt

KEPT_MOST = 1 << 20
"""Largest older file that is read."""


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command("receipt", epilog="Example:  timebank receipt 1 --branch lille --output r.json --pdf r.pdf")
    def receipt(
        ctx: typer.Context,
        output: Annotated[
            Path, typer.Option("--output", "-o", help="Where to write the receipt.", metavar="FILE")
        ],
        no: Annotated[
            int | None,
            typer.Argument(
                help="Number of the entry.", metavar="[NO]", min=0, max=NUMBER_MOST, show_default=False
            ),
        ] = None,
        branch: Annotated[
            str | None,
            typer.Option("--branch", "-b", help="Code of its branch.", metavar="CODE", show_default=False),
        ] = None,
        redemption: Annotated[
            str | None,
            typer.Option(
                "--redemption",
                help="Instead of one entry, all of a redemption, in both branches: lille-3.",
                metavar="HOME-NO",
                show_default=False,
            ),
        ] = None,
        since: Annotated[
            list[Path] | None,
            typer.Option(
                "--since",
                help="A receipt or checkpoint that the family keeps: nothing up to there was rewritten.",
                metavar="FILE",
                show_default=False,
            ),
        ] = None,
        witness: Annotated[
            list[str] | None,
            typer.Option(
                "--witness",
                help="Public key of a witness whose cosignature the receipt is to have: see log cosign.",
                metavar="VKEY",
                show_default=False,
            ),
        ] = None,
        pdf: Annotated[
            Path | None,
            typer.Option("--pdf", help="Also a page to print.", metavar="FILE", show_default=False),
        ] = None,
        names: Annotated[
            bool, typer.Option("--names", help="Print members' names on the page; never in the receipt.")
        ] = False,
        force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
        json_: Json = False,
    ) -> None:
        """Write proof that an entry is in the books, for a family to check with `verify`.

        Signs the branch's log, if it has grown since it was last signed: see `log`. Who gets the receipt
        needs the log's public key from elsewhere: from paper, from the branch's page.
        """
        _require_one(no, branch, redemption)
        older = [_read(file) for file in since or []]
        bank = session_of(ctx).open()
        if redemption is not None:
            made = bank.receipts.of_redemption(redemption, since=older, witnesses=witness or [])
        else:
            assert branch is not None, "it was required"
            assert no is not None, "it was required"
            made = bank.receipts.make(branch, seq=no, since=older, witnesses=witness or [])
        page = _page(bank, made, output, names=names) if pdf is not None else None
        _write(output, made.data, force=force)
        if pdf is not None and page is not None:
            _write(pdf, page, force=force)
        emit(_wire(made, output, pdf), as_json=json_, table=_told(made, output, pdf))


def _require_one(no: int | None, branch: str | None, redemption: str | None) -> None:
    if redemption is None and (no is None or branch is None):
        raise UsageFault(
            problem="say an entry and its --branch, or a --redemption", command="timebank receipt"
        )
    if redemption is not None and not (no is None and branch is None):
        raise UsageFault(problem="a --redemption needs no entry and no --branch", command="timebank receipt")


def _read(file: Path) -> bytes:
    with reading(file) as stream:
        return stream.read(KEPT_MOST)


def _write(file: Path, data: bytes, *, force: bool) -> None:
    with writing(file, force=force, is_private=True) as stream:
        stream.write(data)


def _page(bank: "Bank", made: "Receipt", output: Path, *, names: bool) -> bytes:
    from timebank.services.receipt_pages import page_of

    known = {}
    if names:
        for branch in dict.fromkeys(branch for branch, _ in made.entries):
            for each in bank.members.list(branch):
                if each.identity is not None:
                    known[branch, each.member.ref] = each.identity.name
    return page_of(made.data, name=output.name, names=known)


def _wire(made: "Receipt", output: Path, pdf: Path | None) -> dict[str, object]:
    return {
        "file": str(output),
        "bytes": len(made.data),
        "pdf": str(pdf) if pdf is not None else None,
        "format": json.loads(made.data)["format"],
        "entries": [{"branch": branch, "entry": seq} for branch, seq in made.entries],
        "keys": list(made.keys),
        "summary": list(made.summary),
    }


def _told(made: "Receipt", output: Path, pdf: Path | None) -> str:
    count = len(made.entries)
    what = "1 entry" if count == 1 else f"{count} entries"
    lines = [f"{output}: a receipt of {what}, {len(made.data):,} bytes."]
    lines += [f"{pdf}: a page to print."] if pdf is not None else []
    lines += ["Whoever checks it needs, from elsewhere:"]
    return "\n".join([*lines, *(f"  {key}" for key in made.keys)])
