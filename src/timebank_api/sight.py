"""Sight: what somebody may see of what concerns members of one or two branches."""

from timebank.care.access import AccessRole, AccessToken
from timebank.care.mandate import Person
from timebank.errors import UnknownMember


def is_theirs(token: AccessToken, *parties: Person) -> bool:
    """Tell whether what concerns these parties, (branch, member) each, may be seen.

    A member sees what they are a party to; who runs or audits a branch sees what its members are a party to.
    """
    return token.may_see(*(member for branch, member in parties if branch == token.branch)) and any(
        branch == token.branch for branch, _ in parties
    )


def own_member(token: AccessToken) -> str:
    """Return the reference of the member who asks.

    Raises:
        UnknownMember: it is somebody in another role, who may be called as a member is.
    """
    if token.role is not AccessRole.MEMBER:
        raise UnknownMember(member=token.ref, branch=token.branch)
    return token.ref
