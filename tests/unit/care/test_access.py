"""What an access token stands for."""

import pytest
from tests.builders import NOW

from timebank.care.access import AccessRole, AccessToken
from timebank.errors import BadReference, NotAllowed


def token(role: AccessRole, *, branch: str = "lille", ref: str = "m1") -> AccessToken:
    """A token that ends at once."""
    return AccessToken(branch=branch, ref=ref, no=1, role=role, created_at=NOW, expires_at=NOW)


def test_members_and_coordinators_act_and_others_do_not() -> None:
    """An auditor and an operator have no acts on books; from afar, who acts names the branch."""
    assert "member:m1" == str(token(AccessRole.MEMBER).actor)
    assert "coordinator:m1@lille" == str(token(AccessRole.COORDINATOR).actor_from_afar)
    for role in (AccessRole.AUDITOR, AccessRole.OPERATOR):
        with pytest.raises(NotAllowed):
            _ = token(role).actor


def test_a_token_of_nobody_is_none() -> None:
    """Branch and reference are references."""
    with pytest.raises(BadReference):
        token(AccessRole.MEMBER, branch="no branch")
    with pytest.raises(BadReference):
        token(AccessRole.MEMBER, ref="no reference")


def test_a_token_opens_nothing_from_its_end_on() -> None:
    """The end itself is no longer inside."""
    assert not token(AccessRole.MEMBER).is_in_force(NOW)


def test_members_see_their_own_auditors_everything_and_operators_no_books() -> None:
    """Whatever they are called."""
    sights = {role: token(role).may_see("m2") for role in AccessRole}
    assert {"member": False, "coordinator": True, "auditor": True, "operator": False} == sights
    assert token(AccessRole.MEMBER).may_see("m2", "m1")
