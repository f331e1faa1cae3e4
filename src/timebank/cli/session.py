"""What one run of the command line works with: the database, and how to print."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from timebank.errors import NoAddress

if TYPE_CHECKING:
    from timebank.services.bank import Bank


@dataclass(slots=True)
class Session:
    """The choices made before the noun, or `--db` behind it: which database, and who acts."""

    root: typer.Context
    address: str | None
    actor: str
    is_flag: bool = False
    """Whether the address was said by `--db`, rather than by the environment."""

    def open(self, *, by: str | None = None, is_dry_run: bool = False, create: bool = False) -> "Bank":
        """Open the bank for one command; closed when the program ends.

        Raises:
            NoAddress: neither `--db` nor `TIMEBANK_DB` says where the database is.
            Others: see `timebank.open`.
        """
        address = self.required_address()
        import timebank  # the database library loads when a command needs it

        bank = timebank.open(address, by=by or self.actor, create=create, is_dry_run=is_dry_run)
        self.root.call_on_close(bank.close)
        return bank

    def open_other(self, address: str, *, is_dry_run: bool = False) -> "Bank":
        """Open another bank besides, made if there is none; closed when the program ends.

        Raises:
            See `timebank.open`.
        """
        import timebank

        bank = timebank.open(address, by=self.actor, is_dry_run=is_dry_run)
        self.root.call_on_close(bank.close)
        return bank

    def required_address(self) -> str:
        """Return the address of the database.

        Raises:
            NoAddress: neither `--db` nor `TIMEBANK_DB` says where it is.
        """
        if self.address is None:
            raise NoAddress
        return self.address


def session_of(ctx: typer.Context) -> Session:
    """Return the session of a command's context."""
    session = ctx.find_root().obj
    assert isinstance(session, Session), "the main callback makes the session"
    return session
