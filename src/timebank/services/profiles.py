"""Profiles: what members say of themselves so that they can be brought together; private and erasable.

What is said stands in the identity store only. Keys are kept for ever and what is said is not, so a key's
fingerprint leaves it out (I-10): a repeat is told from another request by what stands there now.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from timebank.care.mandate import Act
from timebank.care.member import require_active
from timebank.care.profile import (
    EXCLUDED_MOST,
    FACTS_MOST,
    Clearance,
    Experience,
    Gender,
    Parking,
    ParkReason,
    Profile,
    ProfileFact,
    Spot,
    Travel,
    authorise_consent,
    authorise_desk,
    authorise_profile,
    restated,
)
from timebank.errors import (
    KeyReused,
    MemberErased,
    NotDeclared,
    PeriodReversed,
    SelfDealing,
    TooManyFacts,
)
from timebank.ids import reference
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileView:
    """Everything that matching knows of a member."""

    profile: Profile
    experiences: tuple[Experience, ...]
    clearances: tuple[Clearance, ...]
    excluded: tuple[tuple[str, date], ...]
    """Whom the member does not want to meet, since when; who does not want to meet the member is not said."""
    parked: tuple[Parking, ...]
    """Whom the member is not to be asked for, as helper, for a while."""


class Profiles(Service):
    """Use cases on what matching knows of members."""

    def show(self, branch: str, member: str) -> ProfileView:
        """Return what is known of a member.

        Raises:
            UnknownBranch, UnknownMember: there is none.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            books.members.get(member)
            return profile_view(books, member)

    def set(
        self,
        branch: str,
        member: str,
        *,
        home: Spot | None = None,
        reach_metres: int | None = None,
        travel: Travel | None = None,
        languages: Collection[str] | None = None,
        gender: Gender | None = None,
        wished_gender: Gender | None = None,
        household: str | None = None,
        day_minutes: int | None = None,
        rest_minutes: int | None = None,
        teams: Collection[str] | None = None,
        forget: Collection[ProfileFact] = (),
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> ProfileView:
        """Say something of a member; what is left None stays as it is.

        Args:
            branch: its code.
            member: of whom.
            home: the area that the member starts from, on the grid.
            reach_metres: how far from there the member goes to help.
            travel: how.
            languages: codes of those the member speaks.
            gender: of the member.
            wished_gender: by whom the member wishes to be helped.
            household: a code that members who live together share.
            day_minutes: the most the member helps on one day.
            rest_minutes: needed between two visits.
            teams: codes of the teams that the member helps in.
            forget: what is not to be known any more.
            reason: why; needed of a coordinator.
            by: the member, a proxy who may request, or a coordinator.
            key: idempotency key.

        Raises:
            BadReference, BadLanguage, TooManyFacts, NumberOutOfRange: a part is malformed.
            NotAllowed, MandateNotInForce, ReasonMissing, BadText: see `care.profile.authorise_profile`.
            UnknownBranch, UnknownMember, MemberLeft, MemberErased: there is nobody to know it of.
            KeyReused: the key was used for another request.
        """
        said: dict[str, object] = {
            "home": home,
            "reach_metres": reach_metres,
            "travel": travel,
            "languages": tuple(languages) if languages is not None else None,
            "gender": gender,
            "wished_gender": wished_gender,
            "household": household,
            "day_minutes": day_minutes,
            "rest_minutes": rest_minutes,
            "teams": tuple(teams) if teams is not None else None,
        }

        def put(books: Books, act: Act) -> str | None:
            why = authorise_profile(act, branch=branch, member=member, reason=reason)
            books.profiles.save(restated(books.profiles.get(member), said, forget=forget))
            return why

        def is_so(books: Books) -> bool:
            known = books.profiles.get(member)
            return restated(known, said, forget=forget) == known

        return self._change(branch, member, "set", put, is_so, by=by, key=key)

    def declare(
        self,
        branch: str,
        member: str,
        code: str,
        *,
        is_consented: bool = False,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> ProfileView:
        """Say what a member has lived through; it is used only once consented to.

        Args:
            branch: its code.
            member: who.
            code: of the experience, such as `bereavement`.
            is_consented: whether the member, or a proxy for them, consents in the same breath.
            reason: why; needed of a coordinator.
            by: the member, a proxy who may request, or a coordinator, who cannot consent.
            key: idempotency key.

        Raises:
            BadReference, TooManyFacts: the code is malformed, or there are too many.
            Others: see `set`; NotAllowed too of a coordinator who consents.
        """
        reference(code, what="experience code")

        def put(books: Books, act: Act) -> str | None:
            if is_consented:
                authorise_consent(act, branch=branch, member=member)
            why = authorise_profile(act, branch=branch, member=member, reason=reason)
            known = {each.code: each for each in books.profiles.experiences(member)}
            if code not in known and len(known) >= FACTS_MOST:
                raise TooManyFacts(most=FACTS_MOST)
            new = known.get(code, Experience(member=member, code=code, declared_on=books.today))
            if is_consented and new.consented_on is None:
                new = replace(new, consented_on=books.today)
            books.profiles.save_experience(new)
            return why

        def is_so(books: Books) -> bool:
            found = [each for each in books.profiles.experiences(member) if each.code == code]
            return bool(found) and (found[0].consented_on is not None or not is_consented)

        return self._change(branch, member, "declare", put, is_so, by=by, key=key)

    def consent(
        self, branch: str, member: str, code: str, *, by: Who | None = None, key: str | None = None
    ) -> ProfileView:
        """Let lived experience that was declared be used: by the member, or a proxy who may request.

        Consenting again keeps the first day.

        Raises:
            NotDeclared: there is no such experience.
            Others: see `set`; a coordinator cannot.
        """
        reference(code, what="experience code")

        def put(books: Books, act: Act) -> None:
            authorise_consent(act, branch=branch, member=member)
            for each in books.profiles.experiences(member):
                if each.code == code:
                    since = each.consented_on if each.consented_on is not None else books.today
                    books.profiles.save_experience(replace(each, consented_on=since))
                    return
            raise NotDeclared

        def is_so(books: Books) -> bool:
            known = books.profiles.experiences(member)
            return any(each.code == code and each.consented_on is not None for each in known)

        return self._change(branch, member, "consent", put, is_so, by=by, key=key)

    def retract(
        self,
        branch: str,
        member: str,
        code: str,
        *,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> ProfileView:
        """Forget lived experience, and the consent to its use; what was not known stays so.

        Raises:
            See `set`.
        """
        reference(code, what="experience code")

        def put(books: Books, act: Act) -> str | None:
            why = authorise_profile(act, branch=branch, member=member, reason=reason)
            books.profiles.forget_experience(member, code)
            return why

        def is_so(books: Books) -> bool:
            return all(each.code != code for each in books.profiles.experiences(member))

        return self._change(branch, member, "retract", put, is_so, by=by, key=key)

    def exclude(
        self,
        branch: str,
        member: str,
        other: str,
        *,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> ProfileView:
        """Never bring a member together with another one, whoever helps whom; the other is not told.

        Raises:
            SelfDealing: both are the same.
            UnknownMember: the other is none.
            TooManyFacts: more than `EXCLUDED_MOST`.
            Others: see `set`.
        """

        def put(books: Books, act: Act) -> str | None:
            why = authorise_profile(act, branch=branch, member=member, reason=reason)
            if other == member:
                raise SelfDealing(actor=act.actor)
            books.members.get(other)
            known = {theirs for _, theirs, _ in books.profiles.exclusions(member)}
            if other not in known:
                if len(known) >= EXCLUDED_MOST:
                    raise TooManyFacts(most=EXCLUDED_MOST)
                books.profiles.exclude(member, other, since_on=books.today)
            return why

        def is_so(books: Books) -> bool:
            return any(theirs == other for _, theirs, _ in books.profiles.exclusions(member))

        return self._change(branch, member, "exclude", put, is_so, by=by, key=key)

    def include(
        self,
        branch: str,
        member: str,
        other: str,
        *,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> ProfileView:
        """Take an exclusion back; the other's own, if there is one, stays.

        Raises:
            See `set`.
        """

        def put(books: Books, act: Act) -> str | None:
            why = authorise_profile(act, branch=branch, member=member, reason=reason)
            books.profiles.include(member, other)
            return why

        def is_so(books: Books) -> bool:
            return all(theirs != other for _, theirs, _ in books.profiles.exclusions(member))

        return self._change(branch, member, "include", put, is_so, by=by, key=key)

    def clear(
        self,
        branch: str,
        member: str,
        kind: str,
        *,
        verified_on: date | None = None,
        expires_on: date | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> ProfileView:
        """Say that a member passed a check; in place of an earlier one of the same kind.

        Args:
            branch: its code.
            member: who.
            kind: code of the check, such as `honourability`; the paper stays outside.
            verified_on: when it was seen; today if None.
            expires_on: the last day on which it counts; None: it does not expire.
            by: a coordinator who is somebody else.
            key: idempotency key.

        Raises:
            BadReference, PeriodReversed, TooManyFacts: a part is malformed, or there are too many.
            NotAllowed, SelfDealing: somebody else asks, or the member themselves.
            UnknownBranch, UnknownMember, MemberLeft, MemberErased, KeyReused: see `set`.
        """
        reference(kind, what="kind of clearance")

        def put(books: Books, act: Act) -> None:
            authorise_desk(act, branch=branch, about=(member,))
            seen_on = verified_on if verified_on is not None else books.today
            if seen_on > books.today or (expires_on is not None and expires_on < seen_on):
                raise PeriodReversed
            known = {each.kind for each in books.profiles.clearances(member)}
            if kind not in known and len(known) >= FACTS_MOST:
                raise TooManyFacts(most=FACTS_MOST)
            books.profiles.save_clearance(
                Clearance(
                    member=member,
                    kind=kind,
                    verified_on=seen_on,
                    expires_on=expires_on,
                    verified_by=act.actor,
                )
            )

        def is_so(books: Books) -> bool:
            return any(
                (each.kind, each.expires_on) == (kind, expires_on) and verified_on in {None, each.verified_on}
                for each in books.profiles.clearances(member)
            )

        return self._change(branch, member, "clear", put, is_so, by=by, key=key)

    def unclear(
        self, branch: str, member: str, kind: str, *, by: Who | None = None, key: str | None = None
    ) -> ProfileView:
        """Say that a check does not count any more; as a coordinator who is somebody else.

        Raises:
            See `clear`.
        """
        reference(kind, what="kind of clearance")

        def put(books: Books, act: Act) -> None:
            authorise_desk(act, branch=branch, about=(member,))
            books.profiles.forget_clearance(member, kind)

        def is_so(books: Books) -> bool:
            return all(each.kind != kind for each in books.profiles.clearances(member))

        return self._change(branch, member, "unclear", put, is_so, by=by, key=key)

    def park(
        self,
        branch: str,
        helper: str,
        member: str,
        *,
        until_on: date,
        why: ParkReason = ParkReason.COORDINATOR,
        by: Who | None = None,
        key: str | None = None,
    ) -> ProfileView:
        """Do not ask a helper for a member until a day is over; in place of what was said of the two.

        Args:
            branch: its code.
            helper: who is not asked.
            member: for whose requests.
            until_on: the last day of it.
            why: a code.
            by: a coordinator who is neither.
            key: idempotency key.

        Raises:
            BadReference, SelfDealing: a part is malformed, or both are the same.
            PeriodReversed: the day is over.
            Others: see `clear`.
        """
        parking = Parking(helper=helper, member=member, until_on=until_on, reason=why)

        def put(books: Books, act: Act) -> None:
            authorise_desk(act, branch=branch, about=(helper, member))
            books.members.get(member)
            if until_on < books.today:
                raise PeriodReversed
            books.profiles.park(parking)

        def is_so(books: Books) -> bool:
            return parking in books.profiles.parkings(helper)

        return self._change(branch, helper, "park", put, is_so, by=by, key=key)

    def unpark(
        self, branch: str, helper: str, member: str, *, by: Who | None = None, key: str | None = None
    ) -> ProfileView:
        """Let a helper be asked for a member again; as a coordinator who is neither.

        Raises:
            See `park`.
        """

        def put(books: Books, act: Act) -> None:
            authorise_desk(act, branch=branch, about=(helper, member))
            books.profiles.unpark(helper, member)

        def is_so(books: Books) -> bool:
            pairs = {(each.helper, each.member) for each in books.profiles.parkings(helper)}
            return (helper, member) not in pairs

        return self._change(branch, helper, "unpark", put, is_so, by=by, key=key)

    def _change(
        self,
        branch: str,
        member: str,
        verb: str,
        put: Callable[[Books, Act], str | None],
        is_so: Callable[[Books], bool],
        *,
        by: Who | None,
        key: str | None,
    ) -> ProfileView:
        """Run one use case: `put` says who may and writes, `is_so` tells a repeat from another request."""
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, f"profile {verb}", member, actor)
            if request.outcome is not None:
                if not is_so(books):
                    raise KeyReused
                return profile_view(books, member)
            known = books.members.get(member)
            require_active(known, on=books.today)
            words = put(books, act_in(books, actor))
            if books.identities.find(member) is None:
                raise MemberErased(member=member)
            if words is not None:
                books.identities.write_note(words, about=f"profile {member}", members=(member,))
            view = profile_view(books, member)
            request.done(member, view)
            return view


def profile_view(books: Books, member: str) -> ProfileView:
    """Return everything that matching knows of a member."""
    profiles = books.profiles
    return ProfileView(
        profile=profiles.get(member),
        experiences=tuple(profiles.experiences(member)),
        clearances=tuple(profiles.clearances(member)),
        excluded=tuple((other, since_on) for _, other, since_on in profiles.exclusions(member)),
        parked=tuple(each for each in profiles.parkings(member) if each.helper == member),
    )
