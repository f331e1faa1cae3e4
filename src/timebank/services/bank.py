"""The bank: one opened database, and every use case on it."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING

from timebank.clock import Clock, SystemClock
from timebank.ledger.model import Actor
from timebank.services.access_log import AccessLog
from timebank.services.accounts import Accounts
from timebank.services.activity import Activity
from timebank.services.audits import Audits
from timebank.services.backups import Backups
from timebank.services.beneficiaries import Beneficiaries
from timebank.services.branches import Branches
from timebank.services.clearings import Clearings
from timebank.services.closings import Closings
from timebank.services.deliveries import Deliveries
from timebank.services.entries import Entries
from timebank.services.erasures import Erasures
from timebank.services.events import Events
from timebank.services.exports import Exports
from timebank.services.help_offers import HelpOffers
from timebank.services.help_requests import HelpRequests
from timebank.services.holds import Holds
from timebank.services.hours import Hours
from timebank.services.imports import Imports
from timebank.services.invitations import Invitations
from timebank.services.lives import Lives
from timebank.services.mandates import Mandates
from timebank.services.matches import Matches
from timebank.services.members import Members
from timebank.services.policies import Policies
from timebank.services.profiles import Profiles
from timebank.services.receipts import Receipts
from timebank.services.redemptions import Redemptions
from timebank.services.restores import Restores
from timebank.services.secrets import Secrets
from timebank.services.sign_in import SignIn
from timebank.services.statements import Statements
from timebank.services.tokens import Tokens
from timebank.services.transfers import Transfers
from timebank.services.webhooks import Webhooks
from timebank.services.wishes import Wishes
from timebank.services.writer import BATCH_MOST, QUEUE_MOST, Writer
from timebank.storage.engine import CACHE_KIB
from timebank.storage.retry import RetryPolicy
from timebank.storage.store import Store

if TYPE_CHECKING:
    from timebank.services.indicators import Indicators
    from timebank.services.log import Log
    from timebank.services.mirrors import Mirrors
    from timebank.services.promises import Promises
    from timebank.services.witnesses import Witnesses


class Bank:
    """One opened database; each attribute is a noun with its use cases."""

    def __init__(self, store: Store, actor: Actor) -> None:
        """Work on a store, as `actor` unless a call says otherwise."""
        self.store = store
        self._actor = actor
        self.branches = Branches(store, actor)
        self.members = Members(store, actor)
        self.lives = Lives(store, actor)
        self.closings = Closings(store, actor)
        self.clearings = Clearings(store, actor)
        self.erasures = Erasures(store, actor)
        self.accounts = Accounts(store, actor)
        self.hours = Hours(store, actor)
        self.transfers = Transfers(store, actor)
        self.entries = Entries(store, actor)
        self.holds = Holds(store, actor)
        self.mandates = Mandates(store, actor)
        self.beneficiaries = Beneficiaries(store, actor)
        self.redemptions = Redemptions(store, actor)
        self.receipts = Receipts(store, actor)
        self.help_requests = HelpRequests(store, actor)
        self.help_offers = HelpOffers(store, actor)
        self.profiles = Profiles(store, actor)
        self.wishes = Wishes(store, actor)
        self.matches = Matches(store, actor)
        self.policies = Policies(store, actor)
        self.statements = Statements(store, actor)
        self.audits = Audits(store, actor)
        self.imports = Imports(store, actor)
        self.exports = Exports(store, actor)
        self.restores = Restores(store, actor)
        self.backups = Backups(store, actor)
        self.tokens = Tokens(store, actor)
        self.secrets = Secrets(store, actor)
        self.access_log = AccessLog(store, actor)
        self.invitations = Invitations(store, actor)
        self.sign_in = SignIn(store, actor)
        self.activity = Activity(store, actor)
        self.events = Events(store, actor)
        self.webhooks = Webhooks(store, actor)
        self.deliveries = Deliveries(store, actor)

    @cached_property
    def log(self) -> "Log":
        """Keys, checkpoints and proofs of logs; what signs is loaded when it is needed."""
        from timebank.services.log import Log  # noqa: PLC0415

        return Log(self.store, self._actor)

    @cached_property
    def promises(self) -> "Promises":
        """Whether a branch can keep its promise; loaded when it is asked."""
        from timebank.services.promises import Promises  # noqa: PLC0415

        return Promises(self.store, self._actor)

    @cached_property
    def indicators(self) -> "Indicators":
        """How a branch is doing; loaded when it is asked."""
        from timebank.services.indicators import Indicators  # noqa: PLC0415

        return Indicators(self.store, self._actor)

    @cached_property
    def witnesses(self) -> "Witnesses":
        """Cosignatures of logs, asked for when they are wanted."""
        from timebank.services.witnesses import Witnesses  # noqa: PLC0415

        return Witnesses(self.store, self._actor)

    @cached_property
    def mirrors(self) -> "Mirrors":
        """Logs as files; loaded when it is needed, too."""
        from timebank.services.mirrors import Mirrors  # noqa: PLC0415

        return Mirrors(self.store, self._actor)

    def writer(self, *, queue_most: int = QUEUE_MOST, batch_most: int = BATCH_MOST) -> Writer:
        """Return a writer for callers on many threads; see `Entries.writer`."""
        return self.entries.writer(queue_most=queue_most, batch_most=batch_most)

    def now(self) -> datetime:
        """Return the current instant of the bank's clock, aware UTC."""
        return self.store.clock.now()

    def close(self) -> None:
        """Close the database."""
        self.store.close()


def open_bank(
    address: str,
    *,
    by: Actor | str = "coordinator:desk",
    clock: Clock | None = None,
    create: bool = True,
    is_dry_run: bool = False,
    retry: RetryPolicy | None = None,
    cache_kib: int = CACHE_KIB,
    draw: Callable[[int], bytes] = token_bytes,
    key_folder: Path | None = None,
) -> Bank:
    """Open a bank; its database is created or upgraded as needed.

    Args:
        address: `sqlite:///FILE` or `postgresql+psycopg://…`.
        by: who acts unless a call says otherwise.
        clock: where instants come from; the machine's clock by default.
        create: whether an SQLite file that does not exist is created.
        is_dry_run: decide and check every write in full, then roll it back.
        retry: how often what may succeed when done again is done again; a few seconds long by default.
        cache_kib: how much of an SQLite file each connection keeps in memory; a program with many of them
            wants less.
        draw: gives so many random bytes that nobody can guess; the machine's source by default.
        key_folder: where the private keys that sign logs are; where the environment says, else beside an
            SQLite file, if None.

    Raises:
        BadDatabaseUrl, NoDatabase, NotADatabase, DatabaseNewer, StorageUnusable, StorageReadOnly: the
            database cannot be used.
        TryAgain: somebody else is upgrading it.
        BadActor: `by` is not an actor.
    """
    actor = Actor.parse(by) if isinstance(by, str) else by
    store = Store(
        address,
        clock=clock or SystemClock(),
        create=create,
        is_dry_run=is_dry_run,
        retry=retry,
        cache_kib=cache_kib,
        draw=draw,
        key_folder=key_folder,
    )
    return Bank(store, actor)
