"""Every route, seven kinds of callers, own and foreign objects: nobody learns what is not theirs."""

import re
from collections.abc import Iterator

import pytest
from tests.api.matrix import row_of, rows, targets
from tests.api.world import CALLERS, Operation, Place, World, opened, operations

ROWS = rows()
OF_LILLE = ("volunteer", "family", "coordinator", "auditor", "operator")
each_operation = pytest.mark.parametrize("operation", operations(), ids=lambda each: each.name)
OWN_WORDS = re.compile(r'"object":"[^"]*"')
"""What people of one's own branch asked for, as the access log quotes it."""
FOREIGN_FIELDS = {"role": "coordinator", "balance": 99_999, "id": 1, "branch": "bayonne"}
"""What somebody might send in the hope that it has an effect."""
OF_A_SESSION = ("sign_", "sessions_", "password")
"""Operations on nothing but how one comes in."""
SEEN_BY_OPERATORS = frozenset({"branches_list", "branches_show", "me_show", "policy_default", "tokens_list"})
"""Name and calendar of the branch, who they are themselves, what holds where nothing else was decided."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The service over the sample world, which stays as it is."""
    with opened(tmp_path_factory.mktemp("world"), is_kept=False) as found:
        yield found


def is_change(operation: Operation) -> bool:
    """Tell whether an operation changes something: those take a key."""
    return any(each["name"] == "Idempotency-Key" for each in operation.document.get("parameters", ()))


def is_foreign(target: str, who: str) -> bool:
    """Tell whether nothing of a target is theirs."""
    if target == "elsewhere":
        return who in OF_LILLE
    return target == "others" and who in {"volunteer", "family"}


def masked(text: str, place: Place) -> str:
    """Return an answer without the reference that was asked for."""
    for value in place.values():
        text = re.sub(rf"(?<![\w-]){re.escape(str(value))}(?![\w-])", "…", text)
    return text


def test_every_operation_has_its_line() -> None:
    """`python -m tests.api.matrix` writes those that are missing; read them before you commit them."""
    assert sorted(ROWS) == sorted(each.name for each in operations())


@each_operation
def test_everybody_is_answered_as_the_table_says(operation: Operation, world: World) -> None:
    """Whose right it is, and whose it is not."""
    assert ROWS[operation.name] == row_of(world, operation)


@each_operation
def test_what_is_foreign_is_as_if_it_were_not_there(operation: Operation, world: World) -> None:
    """Byte for byte, but for the reference that was asked for."""
    if not operation.parameters:
        return
    missing = operation.objects.missing
    for target, place in targets(operation, operation.places[0]):
        for who in CALLERS:
            answer = world.ask(who, operation, place)
            if is_foreign(target, who) or answer.status_code in {401, 404}:
                absent = world.ask(who, operation, missing)
                assert (answer.status_code, masked(answer.text, place)) == (
                    absent.status_code,
                    masked(absent.text, missing),
                ), (who, target)


@each_operation
def test_what_is_foreign_is_there(operation: Operation, world: World) -> None:
    """For whom it is not foreign; else nothing would be shown by its looking as if it were not.

    What is mine is nobody else's at all.
    """
    if operation.method == "GET" and operation.parameters and operation.noun != "me":
        owners = {"others": "coordinator", "elsewhere": "elsewhere"}
        for target, place in targets(operation, operation.places[0]):
            if target in owners:
                assert 200 == world.ask(owners[target], operation, place).status_code, target


@each_operation
def test_no_branch_is_heard_of_in_another(operation: Operation, world: World) -> None:
    """Not in an answer that goes well, either: lists and totals are of one's own branch."""
    _, fitting = world.fitting(operation)
    for _, place in targets(operation, fitting):
        said = f"{place} {operation.body}"
        for who in CALLERS:
            answer = world.ask(who, operation, place)
            foreign = "lille" if who == "elsewhere" else "bayonne"
            text = OWN_WORDS.sub("", answer.text) if "access_log" in operation.name else answer.text
            assert foreign in said or foreign not in text, who


@pytest.mark.parametrize("name", ROWS)
def test_the_table_gives_nothing_away(name: str) -> None:
    """Whatever it says: a line that breaks one of these is a leak, not a right."""
    operation = next(each for each in operations() if each.name == name)
    good = {
        (target, who)
        for target, statuses in ROWS[name].items()
        for who, status in zip(CALLERS, statuses, strict=True)
        if status < 400
    }

    if not operation.is_public:
        assert not {(target, "anonymous") for target in ROWS[name]} & good
    assert not {(target, who) for target, who in good if is_foreign(target, who)}
    if is_change(operation) and not name.startswith(OF_A_SESSION):
        assert not {(target, "auditor") for target in ROWS[name]} & good
    if not operation.is_public and not name.startswith(OF_A_SESSION) and name not in SEEN_BY_OPERATORS:
        assert not {(target, "operator") for target in ROWS[name]} & good


@each_operation
def test_fields_that_nobody_asked_for_are_refused(operation: Operation, world: World) -> None:
    """Rather than ignored: whoever sends them expects an effect."""
    if operation.form != "application/json" or not isinstance(operation.body, dict):
        return
    who, place = world.fitting(operation)
    for field, value in FOREIGN_FIELDS.items():
        if field not in operation.body:
            answer = world.ask(who, operation, place, body={**operation.body, field: value})
            assert (400, "malformed") == (answer.status_code, answer.json()["code"]), field
