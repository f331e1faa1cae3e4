"""`timebank verify`: check a receipt, without the database and without the network."""

from typing import Annotated

import typer

from timebank.cli import verifying
from timebank.cli.options import Json
from timebank.errors import BadLogKey, NoSuchFile, UnreadableFile
from timebank.translog import verifier
from timebank.translog.kept import notes_in


def register(app: typer.Typer) -> None:
    """Add the verb to the program; `start` runs it without this module where the command line is plain."""

    @app.command(
        "verify",
        epilog="Example:  timebank verify receipt.json --key lille.key --against last-year.json",
    )
    def verify(
        file: Annotated[str, typer.Argument(help="The receipt.", metavar="FILE", show_default=False)],
        key: Annotated[
            list[str],
            typer.Option(
                "--key",
                help="The log's public key, NAME+KEYID+BASE64, or a file of keys, one a line; not from where"
                " the receipt is from. Again for each branch, and for witnesses.",
                metavar="KEY",
                show_default=False,
            ),
        ],
        against: Annotated[
            list[str] | None,
            typer.Option(
                "--against",
                help="A receipt or checkpoint kept from earlier: nothing it covers may have been rewritten.",
                metavar="FILE",
                show_default=False,
            ),
        ] = None,
        json_: Json = False,
    ) -> int:
        """Check a receipt, without the database and without the network.

        Says what is proved in plain sentences, exit status 0; or why it is not, exit status 4.
        """
        status = verifying.verify(file, keys=key, against=against or [], as_json=json_)
        if status is None:
            explain(file, keys=key, against=against or [])
        assert status is not None, "what cannot be read was explained"
        return status


def explain(file: str, *, keys: list[str], against: list[str]) -> None:
    """Say which file cannot be read, or that a key is none.

    Raises:
        NoSuchFile: a file is not there.
        UnreadableFile: it cannot be read.
        BadLogKey: a text, or what is in a file, is no key.
    """
    for name in (file, *against):
        _require_readable(name)
    for name in against:
        try:
            notes_in(verifying.read(name))
        except ValueError:
            raise UnreadableFile(file=_last(name)) from None
    for text in keys:
        try:
            verifying.keys_in(text)
        except (verifier.Refused, UnicodeDecodeError):
            raise BadLogKey from None
        except (OSError, ValueError):
            _require_readable(text)
            raise BadLogKey from None


def _require_readable(name: str) -> None:
    try:
        verifying.read(name, 1)
    except FileNotFoundError:
        raise NoSuchFile(file=_last(name)) from None
    except (OSError, ValueError):
        raise UnreadableFile(file=_last(name)) from None


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]
