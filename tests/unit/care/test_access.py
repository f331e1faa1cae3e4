"""What an access token stands for."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOW, TODAY
from tests.unit.care.builders import a_mandate

from timebank.care.access import ALL, SCOPES_OF, AccessRole, AccessScope, AccessToken, Visitor, admit, claimed
from timebank.care.mandate import Scope
from timebank.errors import BadPath, BadReference, NotAllowed, ScopeMissing, ScopesExceeded


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


SON = ("lille", "son")
MOTHER = ("locmine", "mother")
DAY = timedelta(days=1)


def visitor(role: AccessRole, *, ref: str = "son") -> Visitor:
    """Somebody of lille, in their own name."""
    return Visitor(token=token(role, ref=ref))


def for_mother(*scopes: Scope) -> Visitor:
    """The son in lille, in the name of his mother in locmine."""
    return Visitor(
        token=token(AccessRole.MEMBER, ref="son"), mandate=a_mandate(scopes=frozenset(scopes or Scope))
    )


def test_in_their_own_name_everybody_sees_what_their_role_shows() -> None:
    """A member what is theirs; who runs or audits a branch what is its members'; the operator nothing."""
    sights = {
        role: (
            visitor(role).may_see(SON),
            visitor(role).may_see(("lille", "m2")),
            visitor(role).may_see(MOTHER),
        )
        for role in AccessRole
    }

    assert {
        "member": (True, False, False),
        "coordinator": (True, True, False),
        "auditor": (True, True, False),
        "operator": (False, False, False),
    } == sights


def test_everybody_sees_the_calendar_of_the_branch_they_come_to() -> None:
    """Their own, or the principal's; other branches are nobody's business."""
    assert [True, False] == [
        visitor(AccessRole.OPERATOR).may_see_branch(code) for code in ("lille", "locmine")
    ]
    assert [False, True] == [for_mother().may_see_branch(code) for code in ("lille", "locmine")]


def test_accounts_are_seen_by_whose_they_are_and_by_who_sees_all_books() -> None:
    """A fund is nobody's: it is for who runs or audits the branch."""
    paths = ("member:son:held", "member:m2:available", "fund:son")
    seen = {role: tuple(map(visitor(role).may_see_account, paths)) for role in AccessRole}

    assert {
        "member": (True, False, False),
        "coordinator": (True, True, True),
        "auditor": (True, True, True),
        "operator": (False, False, False),
    } == seen
    assert [True, False] == [
        for_mother().may_see_account(f"member:{ref}:available") for ref in ("mother", "son")
    ]
    with pytest.raises(BadPath):
        visitor(AccessRole.MEMBER).may_see_account("nowhere")


def test_in_a_principal_s_name_one_sees_what_is_the_principal_s_and_nothing_else() -> None:
    """Not even what is one's own, so that two families' matters never mix."""
    assert for_mother().may_see(MOTHER, ("locmine", "m2"))
    assert not for_mother().may_see(SON)
    assert not for_mother().may_see(("locmine", "m2"))
    assert ("locmine", "mother", False) == (
        for_mother().branch,
        for_mother().member,
        for_mother().is_office,
    )


@pytest.mark.parametrize("scope", Scope)
def test_scope_view_opens_and_another_only_for_its_own_acts(scope: Scope) -> None:
    """Who may confirm sees what is to be confirmed; who may only request does not."""
    holder = for_mother(scope)

    assert (scope is Scope.VIEW) is holder.may_see(MOTHER)
    assert (scope in {Scope.VIEW, Scope.CONFIRM}) is holder.may_see(MOTHER, to={Scope.CONFIRM})


def test_the_books_say_who_acts_for_whom_under_which_mandate() -> None:
    """As the command line writes it (I-14)."""
    assert "member:son@lille+mother#3" == str(for_mother().actor) == str(for_mother().actor_from_afar)
    near = Visitor(
        token=token(AccessRole.MEMBER, branch="locmine", ref="m2"),
        mandate=a_mandate(holder="m2", holder_branch="locmine"),
    )
    assert ("member:m2+mother#3", "member:m2@locmine+mother#3") == (
        str(near.actor),
        str(near.actor_from_afar),
    )
    own = visitor(AccessRole.COORDINATOR)
    assert ("coordinator:son", "coordinator:son@lille") == (str(own.actor), str(own.actor_from_afar))


@pytest.mark.parametrize("role", sorted(set(AccessRole) - {AccessRole.MEMBER}))
def test_nobody_acts_for_a_member_in_another_role(role: AccessRole) -> None:
    """A coordinator decides; they do not speak in somebody's name."""
    with pytest.raises(NotAllowed):
        claimed(token(role, ref="son"), principal="mother", mandate=3)


@pytest.mark.parametrize(
    "changes",
    [
        {"no": 4},
        {"branch": "lille"},
        {"principal": "father"},
        {"holder": "daughter"},
        {"holder_branch": "brest"},
        {"scopes": frozenset()},
        {"from_on": TODAY + DAY},
        {"until_on": TODAY - DAY},
        {"revoked_at": NOW},
    ],
)
def test_only_the_holder_of_a_mandate_in_force_is_let_in(changes: dict[str, Any]) -> None:
    """Each of them alone is enough to refuse, always with the same words."""
    son = token(AccessRole.MEMBER, ref="son")
    actor = claimed(son, principal="mother", mandate=3)

    assert for_mother() == admit(son, a_mandate(), actor=actor, branch="locmine", on=TODAY, at=NOW)
    with pytest.raises(NotAllowed) as refused:
        admit(son, a_mandate(**changes), actor=actor, branch="locmine", on=TODAY, at=NOW)
    assert "this is not for member:son@lille+mother#3 to do" == str(refused.value)
