"""Beginning an audit before the database library is loaded: it takes as long as a tenth of a large audit."""

from timebank.storage.workers import Crew
from timebank.storage.workers import begin_early as begin


def begin_early(address: str, *, is_deep: bool) -> Crew | None:
    """Have a worker begin with the file, if it is a large one; for `Audits.run`, which ends it."""
    return begin(address, part="indexes" if is_deep else "pages")
