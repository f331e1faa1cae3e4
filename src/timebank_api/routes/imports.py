"""Imports: another system's file, all of it or nothing; what would happen is reported first."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Annotated, Final

from litestar import Controller, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromQuery, QueryParameter, RawBody
from msgspec import Struct

from timebank.reports.importers.cells import DateOrder
from timebank.reports.importers.generic import parse_mapping
from timebank.reports.importers.model import Layout
from timebank.services.imports import Difference, FileFormat, ImportReport
from timebank_api.bodies import UnsupportedMediaType
from timebank_api.guards import require_coordinator
from timebank_api.inputs import Asking, Key, bank_of
from timebank_api.keys import key_for

FILE_BYTES_MOST: Final = 5 * 1024 * 1024
FILE_TYPE: Final = "text/csv"
LISTED_MOST: Final = 1_000
"""Of notices and accounts in a report; the numbers count all."""
DryRun = Annotated[bool, QueryParameter(description="Report what would happen, and change nothing.")]


class NoticeOut(Struct, frozen=True):
    """Something left out, or guessed."""

    line: int
    code: str
    reason: str


class OutsideOut(Struct, frozen=True):
    """An account outside today's limits."""

    path: str
    balance_minutes: int


class ImportOut(Struct, frozen=True, kw_only=True):
    """What an import did, or would do; lists hold a thousand at most."""

    is_dry_run: bool
    format: str
    encoding: str
    separator: str
    rows_new: int
    rows_known: int
    """Rows that an earlier import had brought already."""
    accounts_new: int
    new_paths: tuple[str, ...]
    """Accounts opened for parties that were not known; not listed again for a repeated key."""
    first_entry: int | None
    last_entry: int | None
    notices: tuple[NoticeOut, ...]
    outside_limits: tuple[OutsideOut, ...]


class DifferenceOut(Struct, frozen=True, kw_only=True):
    """An account on which the file and the books do not agree; null: not listed there."""

    line: int | None
    path: str | None
    theirs_minutes: int | None
    ours_minutes: int | None


class ReconciledOut(Struct, frozen=True):
    """How the books compare with another system's own list."""

    is_reconciled: bool
    differences: tuple[DifferenceOut, ...]


@dataclass
class FileUpload(Operation):
    """How an operation is described that takes a file."""

    def __post_init__(self) -> None:
        """Say what the body is."""
        content = {FILE_TYPE: OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))}
        self.request_body = RequestBody(content=content, description="The file as it is.", required=True)


async def require_file(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """Refuse a body that is no CSV file, before it is read.

    Raises:
        UnsupportedMediaType: it says so itself.
    """
    if connection.headers.get("content-type", "").partition(";")[0].strip().lower() != FILE_TYPE:
        raise UnsupportedMediaType


def file_format(
    *,
    layout: Annotated[Layout | None, QueryParameter(name="format", description="Found out, if None.")] = None,
    mapping: Annotated[
        list[str] | None, QueryParameter(name="map", description="Such as provider=Helper.", max_items=50)
    ] = None,
    encoding: Annotated[str | None, QueryParameter(max_length=40)] = None,
    separator: Annotated[str | None, QueryParameter(max_length=20)] = None,
    dates: FromQuery[DateOrder] = DateOrder.DAY_FIRST,
    left: Annotated[
        list[str] | None,
        QueryParameter(description="What the file writes for people who left.", max_items=50),
    ] = None,
) -> FileFormat:
    """Return how the file is to be read, as the query says.

    Raises:
        BadMapping: a mapping is none.
    """
    return FileFormat(
        layout=layout,
        mapping=parse_mapping(mapping) if mapping else None,
        encoding=encoding,
        separator=separator,
        dates=dates,
        left_sentences=tuple(left or ()),
    )


Source = Annotated[
    str | None,
    QueryParameter(max_length=60, description="A name for the other bank, if several use one system."),
]
How = NamedDependency[FileFormat]


class ImportRoutes(Controller):
    """Files of other systems, for coordinators; a body of `text/csv`, 5 MiB at most."""

    path = "/v1/imports"
    tags = ("imports",)
    guards = (require_coordinator, require_file)
    dependencies = {"how": Provide(file_format, sync_to_thread=False)}  # noqa: RUF012 - as the framework has it
    request_max_body_size = FILE_BYTES_MOST

    @post(
        "/exchanges",
        operation_id="imports_exchanges",
        status_code=200,
        sync_to_thread=True,
        operation_class=FileUpload,
    )
    def exchanges(
        self,
        request: Asking,
        body: RawBody,
        how: How,
        key: Key,
        *,
        source: Source = None,
        dry_run: DryRun = True,
    ) -> ImportOut:
        """Import exchanges as help given and received; only with `dry_run=false` anything is changed."""
        token, imports = request.user, bank_of(request).imports
        report = imports.exchanges(
            token.branch,
            BytesIO(body),
            file_format=how,
            source=source,
            is_dry_run=dry_run,
            by=token.actor,
            key=key_for(request, key),
        )
        return _out(report, dry_run=dry_run)

    @post(
        "/members",
        operation_id="imports_members",
        status_code=200,
        sync_to_thread=True,
        operation_class=FileUpload,
    )
    def members(
        self,
        request: Asking,
        body: RawBody,
        how: How,
        key: Key,
        *,
        source: Source = None,
        dry_run: DryRun = True,
    ) -> ImportOut:
        """Import members with names and contacts; only with `dry_run=false` anything is changed."""
        token, imports = request.user, bank_of(request).imports
        report = imports.members(
            token.branch,
            BytesIO(body),
            file_format=how,
            source=source,
            is_dry_run=dry_run,
            by=token.actor,
            key=key_for(request, key),
        )
        return _out(report, dry_run=dry_run)

    @post(
        "/openings",
        operation_id="imports_openings",
        status_code=200,
        sync_to_thread=True,
        operation_class=FileUpload,
    )
    def openings(
        self,
        request: Asking,
        body: RawBody,
        how: How,
        key: Key,
        *,
        source: Source = None,
        effective_at: FromQuery[datetime | None] = None,
        dry_run: DryRun = True,
    ) -> ImportOut:
        """Import opening balances; only with `dry_run=false` anything is changed."""
        token, imports = request.user, bank_of(request).imports
        report = imports.openings(
            token.branch,
            BytesIO(body),
            file_format=how,
            source=source,
            effective_at=effective_at,
            is_dry_run=dry_run,
            by=token.actor,
            key=key_for(request, key),
        )
        return _out(report, dry_run=dry_run)

    @post(
        "/reconcile",
        operation_id="imports_reconcile",
        status_code=200,
        sync_to_thread=True,
        operation_class=FileUpload,
    )
    def reconcile(self, request: Asking, body: RawBody, how: How, source: Source = None) -> ReconciledOut:
        """Compare the books with the other system's own list of balances; nothing is changed."""
        imports = bank_of(request).imports
        found = imports.reconcile(request.user.branch, BytesIO(body), file_format=how, source=source)
        return ReconciledOut(is_reconciled=not found, differences=tuple(map(_difference, found)))


def _difference(each: Difference) -> DifferenceOut:
    return DifferenceOut(
        line=each.line,
        path=each.path,
        theirs_minutes=each.theirs_minutes,
        ours_minutes=each.ours_minutes,
    )


def _out(report: ImportReport, *, dry_run: bool) -> ImportOut:
    return ImportOut(
        is_dry_run=dry_run,
        format=report.layout.value,
        encoding=report.encoding,
        separator=report.separator,
        rows_new=report.rows_new,
        rows_known=report.rows_known,
        accounts_new=len(report.new_paths),
        new_paths=report.new_paths[:LISTED_MOST],
        first_entry=report.first_entry,
        last_entry=report.last_entry,
        notices=tuple(
            NoticeOut(each.line, each.code.value, each.reason) for each in report.notices[:LISTED_MOST]
        ),
        outside_limits=tuple(
            OutsideOut(path, balance) for _, path, balance in report.outside_limits[:LISTED_MOST]
        ),
    )
