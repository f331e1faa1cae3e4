"""Member data: everything that is held on whoever asks, for them to take along."""

from datetime import datetime

from litestar import get
from msgspec import Struct

from timebank.care.access import AccessToken
from timebank.care.beneficiary import Beneficiary
from timebank.care.mandate import Mandate
from timebank.care.record import ServiceRecord
from timebank.care.redemption import Redemption
from timebank.care.sign_in import WaysIn
from timebank.instants import write_instant
from timebank.ledger.holds import Hold
from timebank.ledger.statement import Statement, StatementLine
from timebank.services.member_data import HeldDetails, MemberData
from timebank_api.inputs import Asking, bank_of
from timebank_api.profiles import KnownOut, MatchOut, WishOut, known_out, match_out, wish_out
from timebank_api.routes.offers import HelpOfferOut, offer_out
from timebank_api.routes.requests import HelpRequestOut, request_out
from timebank_api.sight import own_member


class ProfileOut(Struct, frozen=True, kw_only=True):
    """Who stands behind a reference; name, contacts and note are null once erased."""

    branch: str
    ref: str
    kind: str
    joined_on: str
    left_on: str | None
    name: str | None
    email: str | None
    phone: str | None
    note: str | None


class AliasOut(Struct, frozen=True):
    """How another system, from which something was imported, calls the member."""

    source: str
    party: str


class StatementLineOut(Struct, frozen=True, kw_only=True):
    """What one entry did to an account."""

    entry: int
    effective_on: str
    recorded_at: str
    kind: str
    cause: str
    other_paths: tuple[str, ...]
    change: int
    balance: int
    reverses: int | None
    reversed_by: int | None


class StatementOut(Struct, frozen=True, kw_only=True):
    """An account from its beginning; minutes, or the smallest quantity of the unit."""

    path: str
    unit: str
    closing: int
    lines: tuple[StatementLineOut, ...]


class RecordOut(Struct, frozen=True, kw_only=True):
    """Help given or received."""

    no: int
    state: str
    provider: str
    recipient: str
    kind: str
    mode: str
    start_at: str
    minutes: int
    credited_minutes: int | None
    logged_by: str
    redemption: str | None


class HoldOut(Struct, frozen=True, kw_only=True):
    """Minutes reserved."""

    no: int
    state: str
    minutes: int
    captured_minutes: int | None
    expires_at: str
    cause: str


class RedeemedOut(Struct, frozen=True, kw_only=True):
    """Hours spent on help for a beneficiary: paid for, received or served."""

    redemption: str
    state: str
    sponsor: str
    host_branch: str
    beneficiary: str
    provider: str | None
    kind: str
    mode: str
    planned_at: str
    planned_minutes: int
    charged_minutes: int | None


class SponsoringOut(Struct, frozen=True, kw_only=True):
    """A beneficiary."""

    branch: str
    no: int
    sponsor: str
    relation: str
    host_branch: str
    member: str
    consented_at: str | None
    checked_at: str | None
    revoked_at: str | None


class MandateHeldOut(Struct, frozen=True, kw_only=True):
    """A right to act for somebody."""

    branch: str
    no: int
    principal: str
    holder: str
    holder_branch: str
    basis: str
    scopes: tuple[str, ...]
    from_on: str
    until_on: str | None
    revoked_at: str | None


class TokenHeldOut(Struct, frozen=True, kw_only=True):
    """An access token; its text is nowhere kept."""

    no: int
    created_at: str
    expires_at: str
    revoked_at: str | None


class InvitationHeldOut(Struct, frozen=True, kw_only=True):
    """An invitation; its code is nowhere kept."""

    no: int
    created_at: str
    expires_at: str
    used_at: str | None
    revoked_at: str | None


class WaysInOut(Struct, frozen=True, kw_only=True):
    """How the member signs in; never what opens a door."""

    email: str | None
    """Where one-time codes go."""
    password_changed_at: str | None
    linked_at: tuple[str, ...]
    """When an account elsewhere was linked."""
    invitations: tuple[InvitationHeldOut, ...]


class NoteOut(Struct, frozen=True):
    """Words that name the member, and what they are about."""

    about: str
    words: str


class DetailsHeldOut(Struct, frozen=True, kw_only=True):
    """What an entry has committed itself to, by HMAC-SHA-256 of the details under the secret."""

    branch: str
    entry: int
    details: str
    secret: str
    """32 bytes, hexadecimal."""


class MemberDataOut(Struct, frozen=True, kw_only=True):
    """Everything that is held on a member; of others their references only."""

    profile: ProfileOut
    aliases: tuple[AliasOut, ...]
    accounts: tuple[StatementOut, ...]
    records: tuple[RecordOut, ...]
    holds: tuple[HoldOut, ...]
    redemptions: tuple[RedeemedOut, ...]
    beneficiaries: tuple[SponsoringOut, ...]
    mandates: tuple[MandateHeldOut, ...]
    requests: tuple[HelpRequestOut, ...]
    offers: tuple[HelpOfferOut, ...]
    matching: KnownOut
    wishes: tuple[WishOut, ...]
    matches: tuple[MatchOut, ...]
    tokens: tuple[TokenHeldOut, ...]
    sign_in: WaysInOut
    notes: tuple[NoteOut, ...]
    details: tuple[DetailsHeldOut, ...]


@get("/v1/me/export", operation_id="me_export", sync_to_thread=True, tags=["me"])
def export_me(request: Asking) -> MemberDataOut:
    """Give me everything that is held on me; 404 for who is no member."""
    token = request.user
    return data_out(bank_of(request).members.export_data(token.branch, own_member(token)))


@get("/v1/me/data", operation_id="me_data", sync_to_thread=True, tags=["me"])
def data_of_me(request: Asking) -> MemberDataOut:
    """Give me everything that is held on me, with the secrets of what entries committed themselves to.

    The same as the export; 404 for who is no member.
    """
    token = request.user
    return data_out(bank_of(request).members.export_data(token.branch, own_member(token)))


def data_out(data: MemberData) -> MemberDataOut:
    """Write everything that is held on a member."""
    return MemberDataOut(
        profile=_profile(data),
        aliases=tuple(AliasOut(*each) for each in data.aliases),
        accounts=tuple(map(_statement, data.statements)),
        records=tuple(map(_record, data.records)),
        holds=tuple(map(_hold, data.holds)),
        redemptions=tuple(map(_redemption, data.redemptions)),
        beneficiaries=tuple(map(_beneficiary, data.beneficiaries)),
        mandates=tuple(map(_mandate, data.mandates)),
        requests=tuple(map(request_out, data.requests)),
        offers=tuple(map(offer_out, data.offers)),
        matching=known_out(data.matching),
        wishes=tuple(map(wish_out, data.wishes)),
        matches=tuple(map(match_out, data.matches)),
        tokens=tuple(map(_token, data.tokens)),
        sign_in=_ways_in(data.ways_in),
        notes=tuple(NoteOut(*each) for each in data.notes),
        details=tuple(map(_details, data.details)),
    )


def _profile(data: MemberData) -> ProfileOut:
    member, who = data.member, data.identity
    return ProfileOut(
        branch=member.branch,
        ref=member.ref,
        kind=member.kind.value,
        joined_on=member.joined_on.isoformat(),
        left_on=member.left_on.isoformat() if member.left_on is not None else None,
        name=who.name if who is not None else None,
        email=who.email if who is not None else None,
        phone=who.phone if who is not None else None,
        note=who.note if who is not None else None,
    )


def _statement(statement: Statement) -> StatementOut:
    return StatementOut(
        path=statement.path,
        unit=statement.unit,
        closing=statement.closing,
        lines=tuple(map(_line, statement.lines)),
    )


def _line(line: StatementLine) -> StatementLineOut:
    return StatementLineOut(
        entry=line.entry,
        effective_on=line.effective_on.isoformat(),
        recorded_at=write_instant(line.recorded_at),
        kind=line.kind,
        cause=line.cause,
        other_paths=line.other_paths,
        change=line.change,
        balance=line.balance,
        reverses=line.reverses,
        reversed_by=line.reversed_by,
    )


def _record(record: ServiceRecord) -> RecordOut:
    return RecordOut(
        no=record.no,
        state=record.state.value,
        provider=record.provider,
        recipient=record.recipient,
        kind=record.kind,
        mode=record.mode.value,
        start_at=write_instant(record.start_at),
        minutes=record.minutes,
        credited_minutes=record.credited_minutes,
        logged_by=str(record.logged_by),
        redemption=record.redemption,
    )


def _hold(hold: Hold) -> HoldOut:
    return HoldOut(
        no=hold.no,
        state=hold.state.value,
        minutes=hold.minutes,
        captured_minutes=hold.captured_minutes,
        expires_at=write_instant(hold.expires_at),
        cause=f"{hold.cause_kind} {hold.cause_ref}",
    )


def _redemption(redemption: Redemption) -> RedeemedOut:
    return RedeemedOut(
        redemption=redemption.ref,
        state=redemption.state.value,
        sponsor=redemption.sponsor,
        host_branch=redemption.host_branch,
        beneficiary=redemption.beneficiary,
        provider=redemption.provider,
        kind=redemption.kind,
        mode=redemption.mode.value,
        planned_at=write_instant(redemption.planned_at),
        planned_minutes=redemption.planned_minutes,
        charged_minutes=redemption.charged_minutes,
    )


def _beneficiary(beneficiary: Beneficiary) -> SponsoringOut:
    return SponsoringOut(
        branch=beneficiary.branch,
        no=beneficiary.no,
        sponsor=beneficiary.sponsor,
        relation=beneficiary.relation.value,
        host_branch=beneficiary.host_branch,
        member=beneficiary.member,
        consented_at=_instant(beneficiary.consented_at),
        checked_at=_instant(beneficiary.checked_at),
        revoked_at=_instant(beneficiary.revoked_at),
    )


def _mandate(mandate: Mandate) -> MandateHeldOut:
    return MandateHeldOut(
        branch=mandate.branch,
        no=mandate.no,
        principal=mandate.principal,
        holder=mandate.holder,
        holder_branch=mandate.holder_branch,
        basis=mandate.basis,
        scopes=tuple(sorted(mandate.scopes)),
        from_on=mandate.from_on.isoformat(),
        until_on=mandate.until_on.isoformat() if mandate.until_on is not None else None,
        revoked_at=_instant(mandate.revoked_at),
    )


def _token(token: AccessToken) -> TokenHeldOut:
    return TokenHeldOut(
        no=token.no,
        created_at=write_instant(token.created_at),
        expires_at=write_instant(token.expires_at),
        revoked_at=_instant(token.revoked_at),
    )


def _details(held: HeldDetails) -> DetailsHeldOut:
    return DetailsHeldOut(branch=held.branch, entry=held.entry, details=held.text, secret=held.secret.hex())


def _ways_in(ways: WaysIn) -> WaysInOut:
    return WaysInOut(
        email=ways.email,
        password_changed_at=_instant(ways.password_changed_at),
        linked_at=tuple(map(write_instant, ways.linked_at)),
        invitations=tuple(
            InvitationHeldOut(
                no=each.no,
                created_at=write_instant(each.created_at),
                expires_at=write_instant(each.expires_at),
                used_at=_instant(each.used_at),
                revoked_at=_instant(each.revoked_at),
            )
            for each in ways.invitations
        ),
    )


def _instant(at: datetime | None) -> str | None:
    return write_instant(at) if at is not None else None
