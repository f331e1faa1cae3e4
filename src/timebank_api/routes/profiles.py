"""Profiles: what members say of themselves, so that they can be brought together; never for other members.

Auditors do not see them: nothing in the books depends on them.
"""

from collections.abc import Collection
from datetime import date
from typing import Annotated, Final

from litestar import Controller, get
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET, Struct, UnsetType

from timebank.care.access import AccessRole, Visitor
from timebank.care.mandate import Scope
from timebank.care.profile import Gender, ParkReason, ProfileFact, Travel
from timebank.errors import UnknownMember
from timebank_api.acting import Visiting
from timebank_api.acts import act, desk_act, signed
from timebank_api.inputs import Asking, Key, bank_of
from timebank_api.profiles import KnownOut, SpotIn, given, known_out, spot_of, unkept

Ref = Annotated[str, PathParameter(max_length=40, description="Such as `m1`.")]
TO: Final = frozenset({Scope.REQUEST})


class ProfileIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of a member; what is left out stays as it is, what is null is forgotten."""

    home: SpotIn | UnsetType | None = UNSET
    """The area to start from; kept to half a kilometre."""
    reach_metres: int | UnsetType | None = UNSET
    """How far from there the member goes to help."""
    travel: Travel | UnsetType | None = UNSET
    languages: list[str] | UnsetType = UNSET
    """Codes such as `fr`."""
    gender: Gender | UnsetType | None = UNSET
    wished_gender: Gender | UnsetType | None = UNSET
    """By whom the member wishes to be helped."""
    household: str | UnsetType | None = UNSET
    """A code that members who live together share."""
    day_minutes: int | UnsetType | None = UNSET
    """The most that the member helps on one day."""
    rest_minutes: int | UnsetType | None = UNSET
    """Needed between two visits."""
    teams: list[str] | UnsetType = UNSET
    """Codes of the teams that the member helps in."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class DeclaredIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that the member has lived through."""

    experience: str
    """Its code, such as `bereavement`."""
    is_consented: bool = False
    """Whether the member consents to its use in the same breath."""
    reason: str | None = None
    """Why; needed of a coordinator, who cannot consent."""


class ConsentIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lived experience that may be used from now on."""

    experience: str
    """Its code, such as `bereavement`."""


class RetractedIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lived experience that is to be forgotten."""

    experience: str
    """Its code, such as `bereavement`."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class OtherIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another member."""

    other_member: str
    """Member reference."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class ClearedIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A check that the member passed."""

    clearance: str
    """Code of its kind, such as `honourability`."""
    verified_on: date | None = None
    """When it was seen; today, if it is left out."""
    expires_on: date | None = None
    """The last day on which it counts; left out, if it does not expire."""


class UnclearedIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A check that does not count any more."""

    clearance: str
    """Code of its kind, such as `honourability`."""


class ParkedIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom the member is not to be asked for a while."""

    other_member: str
    """Member reference of who asks for help."""
    until_on: date
    """The last day of it."""
    why: ParkReason = ParkReason.COORDINATOR


class UnparkedIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom the member may be asked again."""

    other_member: str
    """Member reference of who asks for help."""


class ProfileRoutes(Controller):
    """What members say of themselves: for them, and for who runs the branch."""

    path = "/v1/profiles"
    tags = ("profiles",)

    @get("/{ref:str}", operation_id="profiles_show", sync_to_thread=True)
    def show(self, request: Asking, visitor: Visiting, ref: Ref) -> KnownOut:
        """Show what matching knows of a member."""
        _see(visitor, ref)
        return known_out(bank_of(request).profiles.show(visitor.branch, ref))

    @act("/{ref:str}/set", "profiles_set")
    def set_(
        self, request: Asking, visitor: Visiting, ref: Ref, data: JSONBody[ProfileIn], key: Key
    ) -> KnownOut:
        """Say something of a member; what is left out stays as it is, what is null is forgotten."""
        _see(visitor, ref, to=TO)
        view = bank_of(request).profiles.set(
            visitor.branch,
            ref,
            home=spot_of(data.home),
            reach_metres=given(data.reach_metres),
            travel=given(data.travel),
            languages=given(data.languages),
            gender=given(data.gender),
            wished_gender=given(data.wished_gender),
            household=given(data.household),
            day_minutes=given(data.day_minutes),
            rest_minutes=given(data.rest_minutes),
            teams=given(data.teams),
            forget=[fact for fact in ProfileFact if getattr(data, fact) is None],
            reason=data.reason,
            **signed(request, key, unkept, visitor),
        )
        return known_out(view)

    @act("/{ref:str}/declare", "profiles_declare")
    def declare(
        self, request: Asking, visitor: Visiting, ref: Ref, data: JSONBody[DeclaredIn], key: Key
    ) -> KnownOut:
        """Say what a member has lived through; it is used only once consented to."""
        _see(visitor, ref, to=TO)
        view = bank_of(request).profiles.declare(
            visitor.branch,
            ref,
            data.experience,
            is_consented=data.is_consented,
            reason=data.reason,
            **signed(request, key, unkept, visitor),
        )
        return known_out(view)

    @act("/{ref:str}/consent", "profiles_consent")
    def consent(
        self, request: Asking, visitor: Visiting, ref: Ref, data: JSONBody[ConsentIn], key: Key
    ) -> KnownOut:
        """Let lived experience be used, as the member or in the member's name."""
        _see(visitor, ref, to=TO)
        view = bank_of(request).profiles.consent(
            visitor.branch, ref, data.experience, **signed(request, key, unkept, visitor)
        )
        return known_out(view)

    @act("/{ref:str}/retract", "profiles_retract")
    def retract(
        self, request: Asking, visitor: Visiting, ref: Ref, data: JSONBody[RetractedIn], key: Key
    ) -> KnownOut:
        """Forget lived experience, and the consent to its use."""
        _see(visitor, ref, to=TO)
        view = bank_of(request).profiles.retract(
            visitor.branch,
            ref,
            data.experience,
            reason=data.reason,
            **signed(request, key, unkept, visitor),
        )
        return known_out(view)

    @act("/{ref:str}/exclude", "profiles_exclude")
    def exclude(
        self, request: Asking, visitor: Visiting, ref: Ref, data: JSONBody[OtherIn], key: Key
    ) -> KnownOut:
        """Never bring a member together with another one, whoever helps; the other is not told."""
        _see(visitor, ref, to=TO)
        view = bank_of(request).profiles.exclude(
            visitor.branch,
            ref,
            data.other_member,
            reason=data.reason,
            **signed(request, key, unkept, visitor),
        )
        return known_out(view)

    @act("/{ref:str}/include", "profiles_include")
    def include(
        self, request: Asking, visitor: Visiting, ref: Ref, data: JSONBody[OtherIn], key: Key
    ) -> KnownOut:
        """Take an exclusion back; the other's own, if there is one, stays."""
        _see(visitor, ref, to=TO)
        view = bank_of(request).profiles.include(
            visitor.branch,
            ref,
            data.other_member,
            reason=data.reason,
            **signed(request, key, unkept, visitor),
        )
        return known_out(view)

    @desk_act("/{ref:str}/clear", "profiles_clear")
    def clear(self, request: Asking, ref: Ref, data: JSONBody[ClearedIn], key: Key) -> KnownOut:
        """Say that a member passed a check, as a coordinator; the paper stays outside."""
        view = bank_of(request).profiles.clear(
            request.user.branch,
            ref,
            data.clearance,
            verified_on=data.verified_on,
            expires_on=data.expires_on,
            **signed(request, key, unkept),
        )
        return known_out(view)

    @desk_act("/{ref:str}/unclear", "profiles_unclear")
    def unclear(self, request: Asking, ref: Ref, data: JSONBody[UnclearedIn], key: Key) -> KnownOut:
        """Say that a check does not count any more, as a coordinator."""
        view = bank_of(request).profiles.unclear(
            request.user.branch, ref, data.clearance, **signed(request, key, unkept)
        )
        return known_out(view)

    @desk_act("/{ref:str}/park", "profiles_park")
    def park(self, request: Asking, ref: Ref, data: JSONBody[ParkedIn], key: Key) -> KnownOut:
        """Do not ask a member to help another one until a day is over, as a coordinator."""
        view = bank_of(request).profiles.park(
            request.user.branch,
            ref,
            data.other_member,
            until_on=data.until_on,
            why=data.why,
            **signed(request, key, unkept),
        )
        return known_out(view)

    @desk_act("/{ref:str}/unpark", "profiles_unpark")
    def unpark(self, request: Asking, ref: Ref, data: JSONBody[UnparkedIn], key: Key) -> KnownOut:
        """Let a member be asked to help another one again, as a coordinator."""
        view = bank_of(request).profiles.unpark(
            request.user.branch, ref, data.other_member, **signed(request, key, unkept)
        )
        return known_out(view)


def _see(visitor: Visitor, ref: str, *, to: Collection[Scope] = ()) -> None:
    """Let somebody on who may see what is known of a member.

    Raises:
        UnknownMember: it is not theirs, whether there is such a member or not.
    """
    is_auditor = visitor.mandate is None and visitor.token.role is AccessRole.AUDITOR
    if is_auditor or not visitor.may_see((visitor.branch, ref), to=to):
        raise UnknownMember(member=ref, branch=visitor.branch)
