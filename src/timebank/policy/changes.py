"""Compare two policies key by key, to show what a new version changes. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from timebank.policy.model import Policy
from timebank.policy.sections import settings_of, tables_of
from timebank.policy.specs import toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One key that differs between two policies; both values as the document writes them."""

    key: str
    before: str
    after: str


def changes_between(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Return every key whose value differs, in the order of the document; none if the policies are equal.

    A list in another order counts as changed.
    """
    return tuple(
        Change(key=key, before=before, after=after)
        for (key, before), (_, after) in zip(values_of(old), values_of(new), strict=True)
        if before != after
    )


def values_of(policy: Policy) -> Iterator[tuple[str, str]]:
    """Return the path and the written value of every key."""
    for path, _, section in tables_of(policy, "", ""):
        for name, spec, value in settings_of(section):
            yield f"{path}.{name}", toml(spec.raw_of(value))
