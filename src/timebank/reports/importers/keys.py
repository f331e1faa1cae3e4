"""Keys: the idempotency key of an imported row, so that the same file twice adds nothing (I-9).

A longer report that contains the earlier rows adds only what is new, whatever their order.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

from timebank.ids import KEY_BYTES
from timebank.reports.importers.model import ExchangeRow, Layout

MS_BYTES: Final = 6
EPOCH: Final = datetime.fromtimestamp(0, UTC)
MICROSECOND: Final = timedelta(microseconds=1)
DOMAIN: Final = b"timebank import\0"


class RowKeys:
    """Makes the keys of the rows of one file, in the order of the file.

    An identifier of the other system makes the key alone. Without one, the row's values make it, with
    its number among the rows that have the same values, so that two equal exchanges stay two.

    Which values: all of them in a generic file. In a TimeOverflow report only the instant and the
    minutes, because the rest of an old row changes from report to report: a member leaves and becomes a
    sentence, an offer gets a new title, an organisation a new name. Instants are to the second there, so
    that rows with the same two values are few, and every report of a bank holds all of them.

    Keeps some 100 bytes for each row without an identifier.
    """

    def __init__(self, *, source: str, layout: Layout) -> None:
        """Make keys for rows of `source`, the caller's name for the bank that the file comes from."""
        self.source = source
        self.layout = layout
        self.counts: dict[int, int] = {}

    def key_of(self, row: ExchangeRow) -> bytes:
        """Return the 16 bytes for the next row.

        With an identifier, of a SHA-256. Without one, 6 of its milliseconds since 1970, then 10 of a SHA-256:
        so keys arrive about as sorted as the file, and new ones go to one end of the index.
        """
        if row.external_id is not None:
            return digest_of((self.source, self.layout.value, "id", row.external_id))[:KEY_BYTES]
        assert row.occurred_at >= EPOCH, "instants start in 1970"
        when = (row.occurred_at - EPOCH) // MICROSECOND
        values = self.values_of(row, when)
        # By 64-bit hash: the values themselves would take several times the room.
        short = hash(values)
        number = self.counts.get(short, 0)
        self.counts[short] = number + 1
        digest = digest_of((self.source, self.layout.value, "row", *values, number))
        return (when // 1000).to_bytes(MS_BYTES, "big") + digest[: KEY_BYTES - MS_BYTES]

    def values_of(self, row: ExchangeRow, when: int) -> tuple[object, ...]:
        """Return the values by which a row without an identifier is known again; `when` in microseconds."""
        if self.layout is Layout.TIMEOVERFLOW:
            return (when, row.minutes)
        provider, recipient = row.provider, row.recipient
        return (
            when,
            row.minutes,
            provider.kind.value,
            provider.key,
            recipient.kind.value,
            recipient.key,
            row.description,
        )


def digest_of(values: tuple[object, ...]) -> bytes:
    """Return the SHA-256 of some strings and integers."""
    # `ascii`, not `repr`: what `repr` escapes grows smaller with each version of Unicode.
    return hashlib.sha256(DOMAIN + ascii(values).encode()).digest()
