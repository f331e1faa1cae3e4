"""Member data: everything that is held on one member, as of one moment, for them to have."""

from dataclasses import dataclass

from timebank.care.access import AccessRole, AccessToken
from timebank.care.beneficiary import Beneficiary
from timebank.care.listing import HelpOffer, HelpRequest
from timebank.care.mandate import Mandate
from timebank.care.match import Match, MatchState
from timebank.care.member import Identity, Member
from timebank.care.profile import Wish
from timebank.care.record import ServiceRecord
from timebank.care.redemption import Redemption
from timebank.care.sign_in import WaysIn
from timebank.ledger.holds import Hold
from timebank.ledger.statement import Period, Statement, statement_of
from timebank.services.profiles import ProfileView, profile_view
from timebank.storage.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDetails:
    """What an entry has committed itself to about the member, with the secret that proves it."""

    branch: str
    entry: int
    text: str
    """Canonical, see `ledger.details`."""
    secret: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberData:
    """What is held on a member; nothing that opens a door, and of others no more than their references."""

    member: Member
    identity: Identity | None
    """None once erased."""
    aliases: tuple[tuple[str, str], ...]
    """How other systems, from which something was imported, call the member: (system, name there)."""
    statements: tuple[Statement, ...]
    """One for each of the member's accounts, from the beginning, by path and unit."""
    records: tuple[ServiceRecord, ...]
    """Help given or received, newest first."""
    holds: tuple[Hold, ...]
    redemptions: tuple[Redemption, ...]
    """Those the member pays for, receives or serves, newest first."""
    beneficiaries: tuple[Beneficiary, ...]
    """For whom the member may spend hours, and who may spend hours for the member."""
    mandates: tuple[Mandate, ...]
    """Granted, or held in the member's own branch."""
    requests: tuple[HelpRequest, ...]
    """Help wished for, newest first."""
    offers: tuple[HelpOffer, ...]
    """Help offered, newest first."""
    matching: ProfileView
    """What matching knows of the member."""
    wishes: tuple[Wish, ...]
    """What the member's requests say beyond their kinds and times."""
    matches: tuple[Match, ...]
    """Help that the member was asked for, and what others were asked for the member's requests: newest
    first; of what is still open or was not accepted, only what the member was asked."""
    tokens: tuple[AccessToken, ...]
    """When they open the door; their texts are nowhere kept."""
    ways_in: WaysIn
    """How they sign in."""
    notes: tuple[tuple[str, str], ...]
    """Words that name the member: (what they are about, the words)."""
    details: tuple[HeldDetails, ...]
    """By branch and entry."""


def data_of(books: Books, ref: str) -> MemberData:
    """Gather everything that is held on a member of a branch.

    Raises:
        UnknownMember: there is none.
    """
    code = books.branch.code
    return MemberData(
        member=books.members.get(ref),
        identity=books.identities.find(ref),
        aliases=tuple(books.identities.called(ref)),
        statements=_statements(books, ref),
        records=tuple(books.records.list(member=ref)),
        holds=tuple(books.holds.list(member=ref)),
        redemptions=tuple(books.redemptions.around(member=ref)),
        beneficiaries=tuple(
            each
            for each in books.beneficiaries.around()
            if (code, ref) in {(each.branch, each.sponsor), (each.host_branch, each.member)}
        ),
        mandates=tuple(
            each
            for each in books.mandates.list()
            if each.principal == ref or (each.holder_branch, each.holder) == (code, ref)
        ),
        requests=tuple(books.help_requests.list(member=ref)),
        offers=tuple(books.help_offers.list(member=ref)),
        matching=profile_view(books, ref),
        wishes=tuple(books.profiles.wishes(member=ref).values()),
        matches=tuple(
            each
            for each in books.matches.around(ref)
            if each.helper == ref or each.state is MatchState.ACCEPTED
        ),
        tokens=tuple(
            each for each in books.access_tokens.list() if (each.role, each.ref) == (AccessRole.MEMBER, ref)
        ),
        ways_in=_ways_in(books, ref),
        notes=tuple(books.identities.naming(ref)),
        details=tuple(
            HeldDetails(branch=branch, entry=entry, text=text, secret=secret)
            for branch, entry, text, secret in books.identities.details_naming(ref)
        ),
    )


def _ways_in(books: Books, ref: str) -> WaysIn:
    changed_at, linked_at = books.credentials.kept_at(AccessRole.MEMBER, ref)
    return WaysIn(
        email=books.identities.address(AccessRole.MEMBER, ref),
        password_changed_at=changed_at,
        linked_at=linked_at,
        invitations=tuple(
            each for each in books.invitations.list() if (each.role, each.ref) == (AccessRole.MEMBER, ref)
        ),
    )


def _statements(books: Books, ref: str) -> tuple[Statement, ...]:
    period = Period(first_on=None, last_on=None)
    return tuple(
        statement_of(
            branch=books.branch.code,
            path=account.path,
            unit=account.unit,
            period=period,
            known_at=None,
            opening=books.reader.opening(account.no, period, known_at=None),
            lines=books.reader.statement_lines(account.no, period, known_at=None),
        )
        for account in books.accounts.states()
        if account.path.startswith(f"member:{ref}:")
    )
