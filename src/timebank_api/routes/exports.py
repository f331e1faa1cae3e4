"""Exports: the books of the branch for other programs, for spreadsheets, to be kept.

What is asked for is written as of one moment to a file without a name first, and sent from there: whoever
reads slowly keeps nothing open in the database, and nobody gets half of it without noticing.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import date, datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Final

from litestar import Controller, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from timebank.ledger.model import MINUTES
from timebank.reports.journals import JournalFormat
from timebank.services.exports import CsvStyle, Exported, Sink
from timebank_api.guards import require_books
from timebank_api.inputs import Asking, bank_of

IN_MEMORY_BYTES: Final = 1_048_576
PART_BYTES: Final = 65_536
CSV: Final = "text/csv; charset=utf-8"
Separator = Annotated[str, QueryParameter(max_length=20, description="comma, semicolon, tab or pipe.")]
Bom = Annotated[bool, QueryParameter(description="Begin with a byte order mark, as spreadsheets like it.")]
TEXT: Final = {200: ResponseSpec(str, media_type="text/plain", description="The journal.")}
LINES: Final = {200: ResponseSpec(str, media_type="application/jsonl", description="JSON Lines.")}
TABLE: Final = {200: ResponseSpec(str, media_type="text/csv", description="A table with titles.")}


class ExportRoutes(Controller):
    """The books of the branch as files, for those who run or audit it."""

    path = "/v1/exports"
    tags = ("exports",)
    guards = (require_books,)

    @get("/journal", operation_id="exports_journal", sync_to_thread=True, responses=TEXT)
    def journal(
        self,
        request: Asking,
        form: Annotated[JournalFormat, QueryParameter(name="format")] = JournalFormat.HLEDGER,
    ) -> Stream:
        """Write the journal for hledger, ledger or beancount, with every balance asserted at its end."""
        branch, exports = request.user.branch, bank_of(request).exports
        return _sent(
            lambda to: exports.journal(branch, to, form=form),
            name=f"{branch}.{form.value}",
            media_type="text/plain; charset=utf-8",
        )

    @get("/branch", operation_id="exports_branch", sync_to_thread=True, responses=LINES)
    def branch(self, request: Asking, *, without_identities: FromQuery[bool] = False) -> Stream:
        """Write everything of the branch as JSON Lines, to keep or to restore; names, unless left out."""
        branch, exports = request.user.branch, bank_of(request).exports
        return _sent(
            lambda to: exports.branch(branch, to, with_identities=not without_identities),
            name=f"{branch}.jsonl",
            media_type="application/jsonl",
        )

    @get("/accounts", operation_id="exports_accounts", sync_to_thread=True, responses=TABLE)
    def accounts(self, request: Asking, *, separator: Separator = "comma", bom: Bom = False) -> Stream:
        """Write the accounts with balances and limits, as CSV."""
        branch, exports, style = request.user.branch, bank_of(request).exports, _style(separator, has_bom=bom)
        return _sent(lambda to: exports.accounts(branch, to, style=style), name=f"{branch}-accounts.csv")

    @get("/entries", operation_id="exports_entries", sync_to_thread=True, responses=TABLE)
    def entries(self, request: Asking, *, separator: Separator = "comma", bom: Bom = False) -> Stream:
        """Write the journal as CSV, a row for each posting."""
        branch, exports, style = request.user.branch, bank_of(request).exports, _style(separator, has_bom=bom)
        return _sent(lambda to: exports.entries(branch, to, style=style), name=f"{branch}-entries.csv")

    @get("/statement", operation_id="exports_statement", sync_to_thread=True, responses=TABLE)
    def statement(
        self,
        request: Asking,
        *,
        path: Annotated[str, QueryParameter(max_length=100)],
        unit: Annotated[str, QueryParameter(max_length=20)] = MINUTES,
        first_on: FromQuery[date | None] = None,
        last_on: FromQuery[date | None] = None,
        known_at: FromQuery[datetime | None] = None,
        separator: Separator = "comma",
        bom: Bom = False,
    ) -> Stream:
        """Write the statement of an account as CSV: opening, lines, closing."""
        branch, exports, style = request.user.branch, bank_of(request).exports, _style(separator, has_bom=bom)
        return _sent(
            lambda to: exports.statement(
                branch,
                path,
                to,
                unit=unit,
                first_on=first_on,
                last_on=last_on,
                known_at=known_at,
                style=style,
            ),
            name=f"{branch}-statement.csv",
        )

    @get("/members", operation_id="exports_members", sync_to_thread=True, responses=TABLE)
    def members(
        self,
        request: Asking,
        *,
        with_names: FromQuery[bool] = False,
        separator: Separator = "comma",
        bom: Bom = False,
    ) -> Stream:
        """Write the members as CSV: references; names and contacts only if asked for."""
        branch, exports, style = request.user.branch, bank_of(request).exports, _style(separator, has_bom=bom)
        return _sent(
            lambda to: exports.members(branch, to, with_names=with_names, style=style),
            name=f"{branch}-members.csv",
        )


def _style(separator: str, *, has_bom: bool) -> CsvStyle:
    return CsvStyle(separator=separator, has_bom=has_bom)


def _sent(write: Callable[[Sink], Exported], *, name: str, media_type: str = CSV) -> Stream:
    """Write an export in full, then send it; what refuses it does so before the first byte."""
    file = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed when it is sent
    try:
        done = write(file)
    except BaseException:
        file.close()
        raise
    digest = b64encode(bytes.fromhex(done.sha256)).decode()
    return Stream(
        _parts(file),
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(done.bytes_written),
            "Repr-Digest": f"sha-256=:{digest}:",
        },
    )


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while part := file.read(PART_BYTES):
            yield part
