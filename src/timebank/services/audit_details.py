"""What the audit checks of the details that entries have committed themselves to (I-10)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from timebank.ledger.audit import Fault
from timebank.ledger.details import is_committed
from timebank.storage.driver import query

if TYPE_CHECKING:
    from timebank.services.audit_checks import Look

KEPT: Final = (
    "SELECT d.entry_seq, d.details, d.secret, e.details FROM identity_detail AS d LEFT JOIN entry AS e "
    "ON e.branch_id = d.branch_id AND e.seq = d.entry_seq WHERE d.branch_id = ? AND d.entry_seq > ? "
    "ORDER BY d.entry_seq LIMIT ?"
)
CHUNK: Final = 1_000
LENGTH: Final = 32


def check_details(look: "Look") -> Iterator[Fault]:
    """Find details that are of no entry, or are not what their entry has committed itself to.

    That they are missing is no fault: they were erased.
    """
    desk, code = look.books.desk, look.audit.branch
    after = look.scope.after
    while rows := query(desk.connection, KEPT, (desk.branch_id, after, CHUNK)):
        for seq, text, secret, commitment in rows:
            place = f"{code} entry {seq}"
            if not isinstance(commitment, bytes) or len(commitment) != LENGTH:
                yield Fault(place, "details_dangling", "details are kept of an entry that has none")
            elif not is_committed(commitment, text, secret):
                yield Fault(place, "details_differ", "the details are not those that the entry committed to")
        after = rows[-1][0]
