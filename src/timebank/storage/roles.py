"""Roles on PostgreSQL: give the service's role what it needs, and say what a role could do beyond that.

What the service needs: SELECT and INSERT on what is only ever added to, UPDATE on what has a state, DELETE on
what can be erased: identities, and how they sign in. It owns nothing, so it cannot take a guard away (I-2).
"""

from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import Connection

from timebank.errors import RoleOwnsTables, UnknownDatabaseRole
from timebank.storage import (
    tables_care,
    tables_events,
    tables_identity,
    tables_life,
    tables_log,
    tables_profiles,
    tables_sign_in,
)
from timebank.storage.catalogue import expected_objects, text_in
from timebank.storage.columns import table_of
from timebank.storage.schema import VERSIONS
from timebank.storage.tables import (
    AccountLimitRow,
    AccountOverrideRow,
    EntryRow,
    ImportBatchRow,
    PolicyVersionRow,
    PostingRow,
    RequestKeyRow,
)
from timebank.storage.tables_manners import AccessLogRow

APPEND_ONLY: Final = frozenset(
    table_of(row).name
    for row in (
        EntryRow,
        PostingRow,
        PolicyVersionRow,
        AccountLimitRow,
        AccountOverrideRow,
        RequestKeyRow,
        ImportBatchRow,
        AccessLogRow,
        tables_care.ServiceEventRow,
        tables_care.RedemptionEventRow,
        tables_care.BeneficiaryEventRow,
        tables_events.OutboxRow,
        tables_life.LifeEventRow,
        tables_log.LogCheckpointRow,
        tables_log.LogCosignatureRow,
    )
)
ERASABLE: Final = frozenset(
    table_of(row).name
    for row in (
        tables_identity.PersonRow,
        tables_identity.NoteRow,
        tables_identity.DetailRow,
        tables_identity.AliasRow,
        tables_identity.AddressRow,
        tables_profiles.ProfileRow,
        tables_profiles.WishRow,
        tables_profiles.ExperienceRow,
        tables_profiles.ClearanceRow,
        tables_profiles.ExclusionRow,
        tables_profiles.ParkingRow,
        tables_sign_in.CredentialRow,
        tables_sign_in.MailCodeRow,
        tables_sign_in.SubjectRow,
    )
)
SUPERUSER: Final = "is a superuser: nothing can be kept from it"


def rights() -> dict[str, frozenset[str]]:
    """Return what the service's role may do with each table."""
    found = {}
    for name in (name for kind, name in expected_objects("postgresql") if kind == "table"):
        granted = {"SELECT", "INSERT"}
        if name not in APPEND_ONLY:
            granted.add("UPDATE")
        if name in ERASABLE:
            granted.add("DELETE")
        found[name] = frozenset(granted)
    return found | {VERSIONS: frozenset({"SELECT"})}


def require_role(connection: Connection, role: str) -> None:
    """See that the server has a role.

    Raises:
        UnknownDatabaseRole: it has not.
    """
    query = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
    if connection.execute(query, {"role": role}).first() is None:
        raise UnknownDatabaseRole(role=role)


def grant(connection: Connection, role: str) -> None:
    """Give a role exactly the rights of the service on our tables; take all others away, PUBLIC's included.

    Attributes of the role, its memberships and what others granted it stay as they are: see `excesses`.

    Raises:
        UnknownDatabaseRole: there is no such role.
        RoleOwnsTables: the role owns our tables.
    """
    require_role(connection, role)
    if any(sentence.startswith("owns ") for sentence in _powers(connection, role)):
        raise RoleOwnsTables(role=role)
    quoted = connection.dialect.identifier_preparer.quote_identifier
    to = quoted(role)
    here, database = connection.exec_driver_sql("SELECT current_schema(), current_database()").one()
    for table, granted in sorted(rights().items()):
        place = f"{quoted(here)}.{quoted(table)}"
        connection.exec_driver_sql(f"REVOKE ALL ON {place} FROM PUBLIC, {to} CASCADE")
        connection.exec_driver_sql(f"GRANT {', '.join(sorted(granted))} ON {place} TO {to}")
    # Schema and database may be somebody else's, who alone can give and take: only what has to be changed is.
    usage, extra = connection.execute(text(text_in("around.sql")), {"role": role}).one()
    if not usage:
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {quoted(here)} TO {to}")
    for kind in extra:
        place = f"{kind} {quoted(here if kind == 'SCHEMA' else database)}"
        connection.exec_driver_sql(f"REVOKE CREATE ON {place} FROM PUBLIC, {to} CASCADE")


def shortages(connection: Connection, role: str) -> list[str]:
    """Say what a role lacks that the service needs, one sentence each; none if it can do its work."""
    usage, _ = connection.execute(text(text_in("around.sql")), {"role": role}).one()
    return ([] if usage else ["may not use the schema"]) + [
        f"has no {privilege} on {table}"
        for table, privilege, is_granted, _ in _privileges(connection, role)
        if privilege in rights()[table] and not is_granted
    ]


def excesses(connection: Connection, role: str | None = None) -> list[str]:
    """Say what a role could do beyond the service's needs, one sentence each; none is as it should be.

    Args:
        connection: to our database, on PostgreSQL.
        role: any role of the server; None for the one that is connected.
    """
    role = role or str(connection.exec_driver_sql("SELECT current_user").scalar_one())
    found = _powers(connection, role)
    if SUPERUSER in found:
        return [SUPERUSER]  # whatever else could be said follows from it
    for table, privilege, is_granted, is_partly in _privileges(connection, role):
        if privilege not in rights()[table] and (is_granted or is_partly):
            found.append(f"has {privilege} on {table}{'' if is_granted else ', on some columns'}")
    return found


def _powers(connection: Connection, role: str) -> list[str]:
    values = {"role": role, "tables": sorted(rights())}
    rows = connection.execute(text(text_in("powers.sql")), values)
    return [str(sentence) for _, sentence in rows]


def _privileges(connection: Connection, role: str) -> list[tuple[str, str, bool, bool]]:
    values = {"role": role, "tables": sorted(rights())}
    rows = connection.execute(text(text_in("privileges.sql")), values)
    return [(str(table), str(privilege), all_, some) for table, privilege, all_, some in rows]
