"""Wishes: what a request says beyond its kind and time; private and erasable, see `profiles`."""

from collections.abc import Collection

from timebank.care.listing import ListingState
from timebank.care.profile import (
    Gender,
    Spot,
    Wish,
    WishFact,
    authorise_profile,
    require_coordinator_for_urgency,
    restated,
)
from timebank.errors import KeyReused, ListingNotOpen
from timebank.services.service import Service, Who, act_in


class Wishes(Service):
    """Use cases on what requests say."""

    def show(self, branch: str, request: int) -> Wish:
        """Return what a request says.

        Raises:
            UnknownBranch, UnknownHelpRequest: there is none.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            return books.profiles.wish(request, books.help_requests.get(request).member)

    def set(
        self,
        branch: str,
        request: int,
        *,
        place: Spot | None = None,
        languages: Collection[str] | None = None,
        wished_gender: Gender | None = None,
        experience: str | None = None,
        is_experience_needed: bool | None = None,
        clearances: Collection[str] | None = None,
        team: str | None = None,
        urgency: int | None = None,
        forget: Collection[WishFact] = (),
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> Wish:
        """Say where an open request is to be met, and by whom; what is left None stays as it is.

        Args:
            branch: its code.
            request: number of the request.
            place: where the help is to be given, on the grid.
            languages: one of these is enough.
            wished_gender: of who helps.
            experience: lived experience that would help.
            is_experience_needed: whether nobody without it is to be suggested.
            clearances: kinds of clearance that whoever helps must hold.
            team: only helpers of this team are suggested.
            urgency: 0 is served first, then 1, 2, 3; a coordinator's to say.
            forget: what it is not to say any more.
            reason: why; needed of a coordinator.
            by: the member, a proxy who may request, or a coordinator.
            key: idempotency key.

        Raises:
            BadReference, BadLanguage, TooManyFacts, NumberOutOfRange: a part is malformed.
            NotAllowed, MandateNotInForce, ReasonMissing, BadText: see `care.profile.authorise_profile`.
            NotAllowed: a member says how urgent it is.
            UnknownBranch, UnknownHelpRequest, ListingNotOpen: there is none, or it is not open.
            KeyReused: the key was used for another request.
        """
        said: dict[str, object] = {
            "place": place,
            "languages": tuple(languages) if languages is not None else None,
            "wished_gender": wished_gender,
            "experience": experience,
            "is_experience_needed": is_experience_needed,
            "clearances": tuple(clearances) if clearances is not None else None,
            "team": team,
            "urgency": urgency,
        }
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            asked = books.requests.open(key, "request wish", request, actor)
            listing = books.help_requests.get(request)
            known = books.profiles.wish(request, listing.member)
            if asked.outcome is not None:
                if restated(known, said, forget=forget) != known:
                    raise KeyReused
                return known
            act = act_in(books, actor)
            why = authorise_profile(act, branch=branch, member=listing.member, reason=reason)
            require_coordinator_for_urgency(act, branch=branch, urgency=urgency)
            if listing.state is not ListingState.OPEN:
                raise ListingNotOpen(listing=request, state=listing.state.value)
            wish = restated(known, said, forget=forget)
            books.profiles.save_wish(wish)
            if why is not None:
                books.identities.write_note(
                    why, about=f"help request {request} why", members=(listing.member,)
                )
            asked.done(request, wish)
            return wish
