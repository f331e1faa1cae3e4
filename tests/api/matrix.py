"""Who is answered how: `matrix.txt` has a line for every operation.

`python -m tests.api.matrix` writes it anew. Read what changed in it before you commit it: each status is
somebody's right, or a leak.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.api.world import CALLERS, Operation, Place, World, opened, operations

FILE = Path(__file__).with_name("matrix.txt")
HEAD = f"""\
# Status of each operation, for {", ".join(CALLERS)}, in this order.
# own: of the volunteer or the family of lille. others: of other members of lille. elsewhere: of bayonne,
# where the last caller is the coordinator. Bodies are the description's examples; nothing is kept in between.
"""
Row = Mapping[str, tuple[int, ...]]


def targets(operation: Operation, place: Place) -> Iterator[tuple[str, Place]]:
    """Yield about what an operation may be asked."""
    yield "own", place
    if operation.parameters:
        if operation.objects.others is not None:
            yield "others", operation.objects.others
        yield "elsewhere", operation.objects.elsewhere


def row_of(world: World, operation: Operation) -> Row:
    """Return how everybody is answered."""
    _, place = world.fitting(operation)
    return {
        name: tuple(world.ask(who, operation, at).status_code for who in CALLERS)
        for name, at in targets(operation, place)
    }


def written(name: str, row: Row) -> str:
    """Return a row's line."""
    parts = (f"{target:<9} {' '.join(map(str, statuses))}" for target, statuses in row.items())
    return f"{name:<24} {' | '.join(parts)}"


def rows() -> dict[str, Row]:
    """Return the rows as they are committed."""
    found: dict[str, Row] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, rest = line.split(maxsplit=1)
            parts = [part.split() for part in rest.split("|")]
            found[name] = {part[0]: tuple(map(int, part[1:])) for part in parts}
    return found


def main() -> None:
    """Write the table anew."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder), is_kept=False) as world:
        lines = [written(each.name, row_of(world, each)) for each in operations()]
    FILE.write_text(HEAD + "".join(f"{line.rstrip()}\n" for line in sorted(lines)), encoding="utf-8")


if __name__ == "__main__":
    main()
