"""`timebank log`: keys, checkpoints and proofs of a branch's log."""

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from timebank.cli.audit import progress_on_stderr
from timebank.cli.files import write_text
from timebank.cli.options import NUMBER_MOST, Branch, By, DryRun, Json, Key, Limit, No
from timebank.cli.output import JsonObject, emit, table_of
from timebank.cli.session import session_of
from timebank.cli.wire import instant
from timebank.errors import UsageFault

if TYPE_CHECKING:
    from timebank.services.log import LogProof, LogView, MadeKey
    from timebank.services.mirrors import Mirrored
    from timebank.storage.log_book import LogKey, SignedCheckpoint

app = typer.Typer(
    name="log", help="The log over the journal: keys, checkpoints, proofs.", no_args_is_help=True
)
keys = typer.Typer(name="key", help="Keys that sign checkpoints.", no_args_is_help=True)
app.add_typer(keys)
Branches = Annotated[
    list[str] | None,
    typer.Option(
        "--branch",
        "-b",
        help="Code of a branch; again for each. All that have a log by default.",
        metavar="CODE",
        show_default=False,
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        "--size",
        help="Of the log of so many entries; of all by default.",
        metavar="N",
        min=0,
        max=NUMBER_MOST,
        show_default=False,
    ),
]


@keys.command("new", epilog="Example:  timebank log key new --branch lille --origin timebank.example/lille")
def new(
    ctx: typer.Context,
    branch: Branch,
    origin: Annotated[
        str | None,
        typer.Option(
            "--origin",
            help="The log's name in checkpoints, for ever; BRANCH.timebank by default.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Make the key that signs the checkpoints of a branch.

    The private half goes into a file for you only: in the folder that TIMEBANK_LOG_KEYS names, else beside an
    SQLite database, in FILE.keys. Publish the public half; it is what others verify with.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    _emit_made(branch, bank.log.new_key(branch, origin=origin, key=key), json_=json_)


@keys.command("rotate", epilog="Example:  timebank log key rotate --branch lille")
def rotate(
    ctx: typer.Context,
    branch: Branch,
    lost: Annotated[bool, typer.Option("--lost", help="The private half of the old key is gone.")] = False,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Make a new key instead of the one that signs.

    Its first checkpoint is signed by both, unless the old one is lost. What the old one signed stays valid:
    keep and publish both public halves.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    _emit_made(branch, bank.log.rotate_key(branch, is_lost=lost, key=key), json_=json_)


@keys.command("retire", epilog="Example:  timebank log key retire 1 --branch lille")
def retire(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Let a key sign no more; there are no checkpoints then until there is a new one."""
    retired = session_of(ctx).open(by=by, is_dry_run=dry_run).log.retire_key(branch, no, key=key)
    emit(
        _key(retired), as_json=json_, table=f"Key {no} of {branch} signs no more; what it signed stays valid."
    )


@keys.command("list", epilog="Example:  timebank log key list --branch lille --json")
def list_(ctx: typer.Context, branch: Branch, json_: Json = False) -> None:
    """List the public halves of the keys, retired ones too: what others verify with."""
    found = session_of(ctx).open().log.keys(branch)
    rows = [(each.no, "signs" if each.is_active else "retired", each.vkey) for each in found]
    table = table_of(f"Keys of {branch}", ["no", "state", "public key"], rows, right=["no"])
    emit([_key(each) for each in found], as_json=json_, table=table)


@app.command(
    "checkpoint", epilog="Example:  timebank log checkpoint --branch lille --output lille.checkpoint"
)
def checkpoint(
    ctx: typer.Context,
    branch: Branch,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Write the note into a new file.", dir_okay=False, metavar="FILE"),
    ] = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Sign the whole log as it is, unless that was done since it grew; prints the signed note.

    Keep it outside: whoever has it sees when anything behind it is changed.
    """
    signed = session_of(ctx).open(is_dry_run=dry_run).log.checkpoint(branch)
    lines: str | list[str] = signed.note.rstrip("\n").split("\n")
    if output is not None and not dry_run:
        write_text(output, signed.note)
        lines = f"The checkpoint of {signed.size} entries of {branch} is in {output}."
    emit(_checkpoint(signed), as_json=json_, table=lines)


@app.command(
    "cosign",
    epilog="Example:  timebank log cosign https://witness.example --vkey NAME+KEYID+BASE64 --branch lille",
)
def cosign(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(help="Where the witness is.", metavar="URL", show_default=False)],
    branch: Branch,
    vkey: Annotated[
        str,
        typer.Option("--vkey", help="The witness's public key.", metavar="VKEY", show_default=False),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Write the note into a new file.", dir_okay=False, metavar="FILE"),
    ] = None,
    by: By = None,
    json_: Json = False,
) -> None:
    """Let a witness cosign the whole log as it is; prints the checkpoint with its cosignature.

    A witness signs only what goes on from all that it saw before: then nobody, the bank neither, can show
    two people two histories. Anybody who has nothing to do with the bank may be one.
    """
    done = session_of(ctx).open(by=by).witnesses.ask(branch, url, vkey)
    lines: str | list[str] = done.note.rstrip("\n").split("\n")
    if output is not None:
        write_text(output, done.note)
        lines = (
            f"The checkpoint of {done.checkpoint.size} entries, cosigned by {done.witness}, is in {output}."
        )
    value: JsonObject = {
        "branch": done.branch,
        "witness": done.witness,
        "size": done.checkpoint.size,
        "since": done.since,
        "note": done.note,
    }
    emit(value, as_json=json_, table=lines)


@app.command("list", epilog="Example:  timebank log list --branch lille")
def list_checkpoints(ctx: typer.Context, branch: Branch, limit: Limit = 50, json_: Json = False) -> None:
    """List the checkpoints that were signed, the newest first."""
    found = session_of(ctx).open().log.checkpoints(branch, limit=limit)
    rows = [(each.size, each.key_no, instant(each.signed_at)) for each in found]
    table = table_of(f"Checkpoints of {branch}", ["entries", "key", "signed"], rows, right=["entries", "key"])
    emit([_checkpoint(each) for each in found], as_json=json_, table=table)


@app.command("show", epilog="Example:  timebank log show --branch lille")
def show(ctx: typer.Context, branch: Branch, json_: Json = False) -> None:
    """Show size, root, last checkpoint and keys of the log."""
    view = session_of(ctx).open().log.show(branch)
    last = f"of {view.last.size} entries, {instant(view.last.signed_at)}" if view.last is not None else "none"
    rows = [
        ("entries", str(view.size)),
        ("root", b64encode(view.root).decode()),
        ("last checkpoint", last),
        *(("key" if each.is_active else "retired key", each.vkey) for each in view.keys),
    ]
    emit(_view(view), as_json=json_, table=table_of(f"Log of {branch}", ["what", "value"], rows))


@app.command("proof", epilog="Example:  timebank log proof --entry 4 --branch lille")
def proof(
    ctx: typer.Context,
    branch: Branch,
    entry: Annotated[
        int | None,
        typer.Option(
            "--entry", help="Number of the entry.", metavar="NO", min=1, max=NUMBER_MOST, show_default=False
        ),
    ] = None,
    since: Annotated[
        int | None,
        typer.Option(
            "--since",
            help="Prove instead that the log of so many entries is its beginning.",
            metavar="N",
            min=0,
            max=NUMBER_MOST,
            show_default=False,
        ),
    ] = None,
    size: Size = None,
    json_: Json = False,
) -> None:
    """Print the hashes that show an entry to be in the log, or an older log to be its beginning.

    As RFC 9162 has them, in base64; they are checked against the root of a checkpoint.
    """
    log = session_of(ctx).open().log
    if entry is not None and since is None:
        found = log.inclusion(branch, entry, size=size)
    elif since is not None and entry is None:
        found = log.consistency(branch, since, size=size)
    else:
        raise UsageFault(problem="say either --entry or --since", command="timebank log proof")
    value = _proof(found)
    rows = [(name, text) for name, text in value.items() if isinstance(text, str | int)]
    hashes = [("hash", b64encode(each).decode()) for each in found.hashes]
    emit(value, as_json=json_, table=table_of(f"Proof of {branch}", ["what", "value"], [*rows, *hashes]))


@app.command("export", epilog="Example:  timebank log export mirror --branch lille")
def export(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder.", metavar="DIR", show_default=False)],
    branch: Branches = None,
    entries: Annotated[
        bool,
        typer.Option("--entries", help="Entries, too, not their hashes alone: references, minutes, days."),
    ] = False,
    signed: Annotated[
        bool, typer.Option("--signed", help="As far as the logs were signed before; sign nothing.")
    ] = False,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Write whole logs as files: a mirror that anybody can publish, keep and check.

    Signs each log if it has grown, and writes it into DIR/BRANCH as C2SP tlog-tiles has it, the same files
    as the service gives at /log/BRANCH. A second time only what is new is written; the checkpoint always
    comes last. Check a mirror with timebank audit --tiles DIR.
    """
    bank = session_of(ctx).open(is_dry_run=dry_run)
    with progress_on_stderr() as progress:
        tasks = {}

        def tell(code: str, done: int, total: int) -> None:
            if code not in tasks:
                tasks[code] = progress.add_task(f"Writing {code}", total=total)
            progress.update(tasks[code], completed=done, total=total)

        found = bank.mirrors.export(
            folder, branch or (), with_entries=entries, signs=not signed, progress=tell
        )
    lines = [
        f"{each.folder}: {each.size} {'entries' if each.has_entries else 'hashes of entries'} of "
        f"{each.branch}, {each.written} files written, {each.kept} were there."
        for each in found
    ]
    emit([_mirrored(each) for each in found], as_json=json_, table=lines)


def _mirrored(each: "Mirrored") -> JsonObject:
    return {
        "branch": each.branch,
        "origin": each.origin,
        "folder": str(each.folder),
        "size": each.size,
        "has_entries": each.has_entries,
        "files_written": each.written,
        "files_kept": each.kept,
        "files_removed": each.removed,
        "bytes_written": each.bytes_written,
    }


def _emit_made(branch: str, made: "MadeKey", *, json_: bool) -> None:
    place = "nowhere yet" if made.place is None else str(made.place)
    lines = [
        f"Key {made.key.no} signs the log of {branch}; its private half is in {place}.",
        "Publish its public half:",
        made.key.vkey,
    ]
    signed = None if made.checkpoint is None else _checkpoint(made.checkpoint)
    value: JsonObject = {
        **_key(made.key),
        "file": None if made.place is None else place,
        "checkpoint": signed,
    }
    emit(value, as_json=json_, table=lines)


def _key(key: "LogKey") -> JsonObject:
    return {
        "no": key.no,
        "origin": key.origin,
        "vkey": key.vkey,
        "created_at": instant(key.created_at),
        "by": key.actor,
        "retired_at": None if key.retired_at is None else instant(key.retired_at),
    }


def _checkpoint(signed: "SignedCheckpoint") -> JsonObject:
    return {
        "size": signed.size,
        "key": signed.key_no,
        "signed_at": instant(signed.signed_at),
        "note": signed.note,
    }


def _view(view: "LogView") -> JsonObject:
    return {
        "branch": view.branch,
        "size": view.size,
        "root": b64encode(view.root).decode(),
        "checkpoint": None if view.last is None else _checkpoint(view.last),
        "keys": [_key(each) for each in view.keys],
    }


def _proof(found: "LogProof") -> JsonObject:
    facts: JsonObject = {"branch": found.branch, "size": found.size, "root": b64encode(found.root).decode()}
    if found.leaf is not None:
        facts |= {"index": found.index, "leaf": b64encode(found.leaf).decode()}
    if found.old_root is not None:
        facts |= {"old_size": found.old_size, "old_root": b64encode(found.old_root).decode()}
    return {**facts, "hashes": [b64encode(each).decode() for each in found.hashes]}
