import re
from pathlib import Path

from timebank.errors import FaultCode
from timebank.policy.changes import values_of
from timebank.policy.document import parse_policy
from timebank.policy.model import Policy
from timebank.policy.reference import EXAMPLE, FAULTS, reference_text

PAGE = Path(__file__).parents[3] / "docs" / "policy.md"
REWRITE = "from timebank.policy.reference import reference_text; print(reference_text(), end='')"


def test_the_page_is_what_the_specifications_say() -> None:
    """The documentation cannot fall behind the rules."""
    assert reference_text() == PAGE.read_text(encoding="utf-8"), (
        f'write it: python -c "{REWRITE}" > docs/policy.md'
    )


def test_the_page_has_every_key_with_its_default() -> None:
    """Nothing that can be written in a policy is left unexplained."""
    words = " ".join(reference_text().split())
    for key, value in values_of(Policy()):
        section, _, name = key.rpartition(".")
        assert f"## `[{section}]`" in words
        assert f"`{name} = {' '.join(value.split())}`" in words, key


def test_the_page_explains_every_fault() -> None:
    """Codes are for scripts; people look them up."""
    assert set(FaultCode) == set(FAULTS)


def test_the_example_on_the_page_is_a_policy() -> None:
    """Whoever copies it gets what the page says."""
    found = re.search(r"```toml\n(.*?)```", reference_text(), re.DOTALL)

    assert found is not None
    assert EXAMPLE == parse_policy(found[1]).rounding
