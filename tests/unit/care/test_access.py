"""What an access token stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOW

from timebank.care.access import ALL, SCOPES_OF, AccessRole, AccessScope, AccessToken
from timebank.errors import BadReference, NotAllowed, ScopeMissing, ScopesExceeded


def token(
    role: AccessRole, *, branch: str = "lille", ref: str = "m1", scopes: frozenset[AccessScope] = ALL
) -> AccessToken:
    """A token that ends at once."""
    return AccessToken(branch=branch, ref=ref, no=1, role=role, created_at=NOW, expires_at=NOW, scopes=scopes)


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


@given(st.sampled_from(AccessRole), st.frozensets(st.sampled_from(AccessScope)), st.sampled_from(AccessScope))
def test_a_token_is_for_its_scopes_within_its_role(
    role: AccessRole, scopes: frozenset[AccessScope], asked: AccessScope
) -> None:
    """An auditor's token never writes, whatever it says of itself."""
    narrow = token(role, scopes=scopes)

    if asked in scopes & SCOPES_OF[role]:
        narrow.require(asked)
    else:
        with pytest.raises(ScopeMissing if asked in SCOPES_OF[role] else NotAllowed):
            narrow.require(asked)


@given(
    st.frozensets(st.sampled_from(AccessScope)),
    st.frozensets(st.sampled_from(AccessScope)),
    st.sampled_from(AccessRole),
)
def test_nobody_gives_more_than_they_have(
    own: frozenset[AccessScope], given_: frozenset[AccessScope], role: AccessRole
) -> None:
    """Of what the other role can have at all."""
    giver = token(AccessRole.COORDINATOR, scopes=own)

    if given_ & SCOPES_OF[role] <= own:
        giver.require_to_give(given_, role)
    else:
        with pytest.raises(ScopesExceeded):
            giver.require_to_give(given_, role)


def test_a_namesake_in_another_role_is_somebody_else() -> None:
    """A reference alone says not who it is."""
    assert token(AccessRole.MEMBER).is_of(AccessRole.MEMBER, "m1")
    assert not token(AccessRole.MEMBER).is_of(AccessRole.AUDITOR, "m1")
    assert not token(AccessRole.MEMBER).is_of(AccessRole.MEMBER, "m2")
