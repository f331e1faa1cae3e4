"""Sight: what somebody may see of what concerns members of one or two branches; the rule is the library's."""

from timebank.care.access import AccessToken, Visitor
from timebank.care.mandate import Person
from timebank.errors import NotAllowed, UnknownMember


def is_theirs(token: AccessToken, *parties: Person) -> bool:
    """Tell whether what concerns these parties, (branch, member) each, may be seen in one's own name."""
    return Visitor(token=token).may_see(*parties)


def own_member(who: AccessToken | Visitor) -> str:
    """Return the reference of the member who asks, or in whose name it is asked.

    Raises:
        UnknownMember: it is somebody in another role, who may be called as a member is.
    """
    visitor = who if isinstance(who, Visitor) else Visitor(token=who)
    if visitor.member is None:
        raise UnknownMember(member=visitor.token.ref, branch=visitor.branch)
    return visitor.member


def seen_member(visitor: Visitor) -> str:
    """Return the member whose hours may be seen as one's own.

    Raises:
        UnknownMember: it is no member, or a principal whose mandate does not cover that.
    """
    ref = own_member(visitor)
    if not visitor.may_see((visitor.branch, ref)):
        raise UnknownMember(member=ref, branch=visitor.branch)
    return ref


def whose(visitor: Visitor, asked: str | None = None) -> str | None:
    """Return of which member a list is to be: always their own for a member, as asked for who sees all books.

    Raises:
        NotAllowed: an operator, who sees no books.
    """
    if visitor.member is None and not visitor.is_office:
        raise NotAllowed(actor=f"{visitor.token.role}:{visitor.token.ref}")
    return visitor.member if visitor.member is not None else asked
