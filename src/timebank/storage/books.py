"""The books of one branch inside one transaction: every repository of the branch, made as needed."""

from dataclasses import replace
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

from timebank.care.events import News
from timebank.instants import day_of, zone_of
from timebank.ledger.model import Branch
from timebank.storage.access import AccessTokens
from timebank.storage.accounts import Accounts
from timebank.storage.care import Beneficiaries, Mandates, Redemptions
from timebank.storage.evidence import Evidence
from timebank.storage.identities import Identities
from timebank.storage.imports import Imports
from timebank.storage.journal import Journal
from timebank.storage.life import Life
from timebank.storage.listings import HelpOffers, HelpRequests
from timebank.storage.log import LogReader
from timebank.storage.log_book import Checkpoints, LogKeys
from timebank.storage.matches import Matches
from timebank.storage.outbox import Outbox
from timebank.storage.policies import Policies, PolicyVersion
from timebank.storage.profiles import Profiles
from timebank.storage.reading import JournalReader
from timebank.storage.records import Holds, Members, Records
from timebank.storage.repository import Desk
from timebank.storage.requests import Requests
from timebank.storage.secrets import Secrets
from timebank.storage.sightings import Sightings
from timebank.storage.sign_in import Credentials, Invitations
from timebank.storage.warm import WarmBook
from timebank.storage.webhooks import Webhooks


class Books:
    """One branch, as a use case works on it."""

    def __init__(self, desk: Desk) -> None:
        """Open the books at a desk."""
        self.desk = desk

    @property
    def branch(self) -> Branch:
        """The branch itself."""
        return self.desk.branch

    @cached_property
    def zone(self) -> ZoneInfo:
        """The branch's time zone: its calendar days are days there."""
        return zone_of(self.branch.zone)

    @cached_property
    def today(self) -> date:
        """The branch's calendar day at the transaction's instant."""
        return day_of(self.desk.now, self.zone)

    @cached_property
    def policies(self) -> Policies:
        """The versions of the branch's rules."""
        return Policies(self.desk)

    @cached_property
    def policy(self) -> PolicyVersion:
        """The rules in force today."""
        return self.policies.in_force(self.today)

    @cached_property
    def accounts(self) -> Accounts:
        """Accounts with today's limits."""
        return Accounts(self.desk, self.policy.policy, self.today)

    @cached_property
    def journal(self) -> Journal:
        """The journal, open for posting."""
        return Journal(self.desk, self.accounts)

    @cached_property
    def reader(self) -> JournalReader:
        """The journal, for reading."""
        return JournalReader(self.desk)

    @cached_property
    def log(self) -> LogReader:
        """The tree over the journal."""
        return LogReader(self.desk)

    @cached_property
    def log_keys(self) -> LogKeys:
        """The public halves of the keys that sign checkpoints."""
        return LogKeys(self.desk)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """The checkpoints that were signed."""
        return Checkpoints(self.desk)

    @cached_property
    def evidence(self) -> Evidence:
        """The rows as stored, for the audit."""
        return Evidence(self.desk)

    @cached_property
    def members(self) -> Members:
        """Members by opaque reference."""
        return Members(self.desk)

    @cached_property
    def identities(self) -> Identities:
        """Names, contacts and words."""
        return Identities(self.desk)

    @cached_property
    def life(self) -> Life:
        """The turns in the lives of members and of the branch."""
        return Life(self.desk)

    @cached_property
    def mandates(self) -> Mandates:
        """Who may act for whom."""
        return Mandates(self.desk)

    @cached_property
    def records(self) -> Records:
        """Service records."""
        return Records(self.desk)

    @cached_property
    def holds(self) -> Holds:
        """Minutes reserved."""
        return Holds(self.desk)

    @cached_property
    def beneficiaries(self) -> Beneficiaries:
        """For whom sponsors of this branch may spend hours."""
        return Beneficiaries(self.desk)

    @cached_property
    def redemptions(self) -> Redemptions:
        """Redemptions whose sponsor is in this branch."""
        return Redemptions(self.desk)

    @cached_property
    def help_requests(self) -> HelpRequests:
        """Help that members wish for."""
        return HelpRequests(self.desk)

    @cached_property
    def help_offers(self) -> HelpOffers:
        """Help that members offer."""
        return HelpOffers(self.desk)

    @cached_property
    def profiles(self) -> Profiles:
        """What matching knows of members and requests."""
        return Profiles(self.desk)

    @cached_property
    def matches(self) -> Matches:
        """Helpers who were asked, and what they said."""
        return Matches(self.desk)

    @cached_property
    def requests(self) -> Requests:
        """Idempotency keys."""
        return Requests(self.desk)

    @cached_property
    def access_tokens(self) -> AccessTokens:
        """Who may come in."""
        return AccessTokens(self.desk)

    @cached_property
    def secrets(self) -> Secrets:
        """What the service signs with."""
        return Secrets(self.desk)

    @cached_property
    def invitations(self) -> Invitations:
        """Who may choose how to sign in."""
        return Invitations(self.desk)

    @cached_property
    def credentials(self) -> Credentials:
        """How somebody signs in."""
        return Credentials(self.desk)

    @cached_property
    def outbox(self) -> Outbox:
        """What is told to others."""
        return Outbox(self.desk)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Who is told of it, wherever they are."""
        return Webhooks(self.desk)

    def tell(self, news: News) -> None:
        """Write down something to be told: it becomes known if, and only if, what it tells of does."""
        head = self.desk.head
        last_entry = head.entry_seq if head is not None else 0  # a branch that is being founded has no head
        if "journal" in self.__dict__:
            last_entry = self.journal.book.last_seq
        self.outbox.add(news, last_entry=last_entry)

    @cached_property
    def sightings(self) -> Sightings:
        """Who saw or did what for whom."""
        return Sightings(self.desk)

    @cached_property
    def imports(self) -> Imports:
        """Files that were imported."""
        return Imports(self.desk)

    def flush(self) -> None:
        """Write what the journal has decided, and the keys of the requests that led to it."""
        if "journal" in self.__dict__:
            self.journal.flush()
        if "requests" in self.__dict__:
            self.requests.flush()

    def pending(self) -> int:
        """Return how many rows the journal holds back, about."""
        if "journal" not in self.__dict__:
            return 0
        return max(len(self.journal.lines), len(self.journal.headers))

    def in_hand(self) -> WarmBook | None:
        """Return what the next transaction need not read again, None if nothing can be kept."""
        if "journal" not in self.__dict__ or self.accounts.has_overrides:
            return None
        head = replace(self.journal.head)
        return WarmBook(head, self.today, self.journal.book, self.policies.list(), self.journal.tree)
