"""The running service does what its description says, whatever it is sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.api.fuzzing import fuzz, fuzz_in_every_way
from tests.api.world import Operation, World, opened, operations

EXAMPLES = 100
STORIES = 30


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The service over the sample world, which stays as it is."""
    with opened(tmp_path_factory.mktemp("world"), is_kept=False) as found:
        yield found


@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.name)
def test_an_operation_does_what_is_described(operation: Operation, world: World, tmp_path: Path) -> None:
    """No error of ours, no answer of another form, no nonsense taken; and not only refusals were seen."""
    who, place = world.fitting(operation)
    findings = fuzz_in_every_way(tmp_path, examples=EXAMPLES, who=who, place=place, operation=operation)

    assert [] == findings.faults
    assert findings.is_reached(operation.name), findings.statuses


@pytest.mark.parametrize("who", ["family", "coordinator"])
def test_stories_do_what_is_described(who: str, tmp_path: Path) -> None:
    """What one answer says is used in the next request."""
    findings = fuzz(tmp_path, examples=STORIES, who=who)

    assert [] == findings.faults
    assert findings.statuses
