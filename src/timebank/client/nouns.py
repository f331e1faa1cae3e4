"""Nouns: what the service can be asked. Written by `make docs`; do not edit."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Literal, Protocol, TypeVar

from timebank.client import shapes
from timebank.client.wishes import Wish, said

Shape = TypeVar("Shape")


class Asker(Protocol):
    """Who sends what a noun wishes."""

    def one(self, shape: type[Shape], wish: Wish) -> Shape:
        """Return one answer."""
        ...

    def pages(self, shape: type[Shape], wish: Wish) -> Iterator[Shape]:
        """Yield every item of a list."""
        ...


class AccessCalls:
    """What can be asked of `access`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def log_list(
        self, *, member: str | None = None, limit: int | None = None
    ) -> Iterator[shapes.SightingOut]:
        """List what people of my branch saw and did, newest first."""
        return self._asker.pages(
            shapes.SightingOut,
            Wish(method="GET", path="/v1/access-log", query={"member": member, "limit": limit}),
        )


class AccountsCalls:
    """What can be asked of `accounts`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(self, *, limit: int | None = None) -> Iterator[shapes.AccountOut]:
        """List accounts by path: my own, or all of the branch for who runs or audits it."""
        return self._asker.pages(
            shapes.AccountOut, Wish(method="GET", path="/v1/accounts", query={"limit": limit})
        )

    def open(self, *, path: str, unit: str | None = None, key: str | None = None) -> shapes.AccountOut:
        """Open a fund, an issuance or a suspense account, as a coordinator."""
        return self._asker.one(
            shapes.AccountOut,
            Wish(
                method="POST", path="/v1/accounts", body=said(path=path, unit=unit), needs_key=True, key=key
            ),
        )

    def show(self, path: str, *, unit: str | None = None) -> shapes.AccountOut:
        """Show an account: balance, and the limits in force."""
        return self._asker.one(
            shapes.AccountOut,
            Wish(method="GET", path="/v1/accounts/{path}", places={"path": path}, query={"unit": unit}),
        )

    def changes(self, path: str, *, unit: str | None = None) -> tuple[shapes.AccountsChangeOut, ...]:
        """List every change of an account's limits, oldest first."""
        return self._asker.one(
            tuple[shapes.AccountsChangeOut, ...],
            Wish(
                method="GET", path="/v1/accounts/{path}/changes", places={"path": path}, query={"unit": unit}
            ),
        )

    def close(self, path: str, *, unit: str | None = None, key: str | None = None) -> shapes.AccountOut:
        """Close an empty account, as a coordinator: it takes no more postings."""
        return self._asker.one(
            shapes.AccountOut,
            Wish(
                method="POST",
                path="/v1/accounts/{path}/close",
                places={"path": path},
                query={"unit": unit},
                needs_key=True,
                key=key,
            ),
        )

    def limit(
        self,
        path: str,
        *,
        reason: str,
        follows_policy: bool | None = None,
        floor_minutes: int | None = None,
        ceiling_minutes: int | None = None,
        warn_floor_minutes: int | None = None,
        warn_ceiling_minutes: int | None = None,
        key: str | None = None,
    ) -> shapes.AccountOut:
        """Give an account limits of its own, or let it follow the policy again, as a coordinator."""
        return self._asker.one(
            shapes.AccountOut,
            Wish(
                method="POST",
                path="/v1/accounts/{path}/limit",
                places={"path": path},
                body=said(
                    follows_policy=follows_policy,
                    floor_minutes=floor_minutes,
                    ceiling_minutes=ceiling_minutes,
                    warn_floor_minutes=warn_floor_minutes,
                    warn_ceiling_minutes=warn_ceiling_minutes,
                    reason=reason,
                ),
                needs_key=True,
                key=key,
            ),
        )

    def lines(
        self, path: str, *, unit: str | None = None, limit: int | None = None
    ) -> Iterator[shapes.LineOut]:
        """Show an account's lines, newest first, with the balance after each."""
        return self._asker.pages(
            shapes.LineOut,
            Wish(
                method="GET",
                path="/v1/accounts/{path}/lines",
                places={"path": path},
                query={"unit": unit, "limit": limit},
            ),
        )

    def override(
        self,
        path: str,
        *,
        until_at: datetime,
        reason: str,
        floor_minutes: int | None = None,
        ceiling_minutes: int | None = None,
        key: str | None = None,
    ) -> shapes.AccountOut:
        """Let an account pass its limits for a while, as a coordinator."""
        return self._asker.one(
            shapes.AccountOut,
            Wish(
                method="POST",
                path="/v1/accounts/{path}/override",
                places={"path": path},
                body=said(
                    floor_minutes=floor_minutes,
                    ceiling_minutes=ceiling_minutes,
                    until_at=until_at,
                    reason=reason,
                ),
                needs_key=True,
                key=key,
            ),
        )

    def statement(
        self,
        path: str,
        *,
        unit: str | None = None,
        first_on: date | None = None,
        last_on: date | None = None,
        known_at: datetime | None = None,
    ) -> shapes.AccountsStatementOut:
        """Show an account over a period by the days things took effect, or as it was known at an instant."""
        return self._asker.one(
            shapes.AccountsStatementOut,
            Wish(
                method="GET",
                path="/v1/accounts/{path}/statement",
                places={"path": path},
                query={"unit": unit, "first_on": first_on, "last_on": last_on, "known_at": known_at},
            ),
        )


class AuditCalls:
    """What can be asked of `audit`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def run(self, *, since_last: bool | None = None) -> shapes.AuditOut:
        """Recompute everything from the journal and list all that does not hold, each with its place."""
        return self._asker.one(
            shapes.AuditOut, Wish(method="POST", path="/v1/audit", body=said(since_last=since_last))
        )


class BeneficiariesCalls:
    """What can be asked of `beneficiaries`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(self, *, limit: int | None = None) -> Iterator[shapes.BeneficiaryOut]:
        """List those of my branch's sponsors, and members of my branch who are beneficiaries."""
        return self._asker.pages(
            shapes.BeneficiaryOut, Wish(method="GET", path="/v1/beneficiaries", query={"limit": limit})
        )

    def add(
        self,
        *,
        relation: Literal["self", "spouse", "partner", "parent", "grandparent", "child", "sibling", "named"],
        member: str,
        sponsor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> shapes.BeneficiaryOut:
        """Name somebody for whom I may spend hours."""
        return self._asker.one(
            shapes.BeneficiaryOut,
            Wish(
                method="POST",
                path="/v1/beneficiaries",
                body=said(sponsor=sponsor, relation=relation, member=member, reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def show(self, branch: str, no: int) -> shapes.BeneficiaryOut:
        """Show one."""
        return self._asker.one(
            shapes.BeneficiaryOut,
            Wish(method="GET", path="/v1/beneficiaries/{branch}/{no}", places={"branch": branch, "no": no}),
        )

    def check(self, branch: str, no: int, *, key: str | None = None) -> shapes.BeneficiaryOut:
        """Record, as a coordinator, that relation and consent were checked."""
        return self._asker.one(
            shapes.BeneficiaryOut,
            Wish(
                method="POST",
                path="/v1/beneficiaries/{branch}/{no}/check",
                places={"branch": branch, "no": no},
                needs_key=True,
                key=key,
            ),
        )

    def consent(
        self, branch: str, no: int, *, reason: str | None = None, key: str | None = None
    ) -> shapes.BeneficiaryOut:
        """Agree to be one."""
        return self._asker.one(
            shapes.BeneficiaryOut,
            Wish(
                method="POST",
                path="/v1/beneficiaries/{branch}/{no}/consent",
                places={"branch": branch, "no": no},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def helpers(
        self,
        branch: str,
        no: int,
        *,
        kind: str,
        minutes: int,
        mode: Literal["in-person", "phone", "video", "mail", "sms"] | None = None,
        start_at: datetime | None = None,
        slot: Sequence[str] | None = None,
    ) -> shapes.OutlookOut:
        """See how likely help is near one, before any hours are spent; at any time, unless one is said."""
        return self._asker.one(
            shapes.OutlookOut,
            Wish(
                method="GET",
                path="/v1/beneficiaries/{branch}/{no}/helpers",
                places={"branch": branch, "no": no},
                query={"kind": kind, "minutes": minutes, "mode": mode, "start_at": start_at, "slot": slot},
            ),
        )

    def history(self, branch: str, no: int) -> shapes.BeneficiaryHistoryOut:
        """Show one with everything that was done."""
        return self._asker.one(
            shapes.BeneficiaryHistoryOut,
            Wish(
                method="GET",
                path="/v1/beneficiaries/{branch}/{no}/history",
                places={"branch": branch, "no": no},
            ),
        )

    def revoke(
        self, branch: str, no: int, *, reason: str | None = None, key: str | None = None
    ) -> shapes.BeneficiaryOut:
        """End it; what was requested before stays as it is."""
        return self._asker.one(
            shapes.BeneficiaryOut,
            Wish(
                method="POST",
                path="/v1/beneficiaries/{branch}/{no}/revoke",
                places={"branch": branch, "no": no},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )


class BranchesCalls:
    """What can be asked of `branches`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(self) -> tuple[shapes.BranchOut, ...]:
        """List what I may see: my branch, or the principal's."""
        return self._asker.one(tuple[shapes.BranchOut, ...], Wish(method="GET", path="/v1/branches"))

    def show(self, branch: str) -> shapes.BranchOut:
        """Show one."""
        return self._asker.one(
            shapes.BranchOut, Wish(method="GET", path="/v1/branches/{branch}", places={"branch": branch})
        )


class CheckpointsCalls:
    """What can be asked of `checkpoints`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(self, *, limit: int | None = None) -> Iterator[shapes.CheckpointOut]:
        """List the checkpoints of the branch, newest first; for its members, too."""
        return self._asker.pages(
            shapes.CheckpointOut, Wish(method="GET", path="/v1/checkpoints", query={"limit": limit})
        )

    def sign(self, *, key: str | None = None) -> shapes.CheckpointOut:
        """Sign the log as it is now, as a coordinator, unless that was done since it grew."""
        return self._asker.one(
            shapes.CheckpointOut, Wish(method="POST", path="/v1/checkpoints", needs_key=True, key=key)
        )


class ClearingCalls:
    """What can be asked of `clearing`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def show(self) -> shapes.ClearingOut:
        """Show who owes whom, in both books."""
        return self._asker.one(shapes.ClearingOut, Wish(method="GET", path="/v1/clearing"))


class EntriesCalls:
    """What can be asked of `entries`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(
        self, *, path: str | None = None, cause: str | None = None, limit: int | None = None
    ) -> Iterator[shapes.EntryOut]:
        """List entries, newest first: all, those of an account, or those of a cause such as `service 3`."""
        return self._asker.pages(
            shapes.EntryOut,
            Wish(method="GET", path="/v1/entries", query={"path": path, "cause": cause, "limit": limit}),
        )

    def post(
        self,
        *,
        postings: Sequence[shapes.PostingIn],
        effective_at: datetime | None = None,
        key: str | None = None,
    ) -> shapes.PostedOut:
        """Post an entry, as a coordinator; help and redemptions post theirs themselves."""
        return self._asker.one(
            shapes.PostedOut,
            Wish(
                method="POST",
                path="/v1/entries",
                body=said(postings=postings, effective_at=effective_at),
                needs_key=True,
                key=key,
            ),
        )

    def show(self, no: int) -> shapes.EntryShown:
        """Show an entry."""
        return self._asker.one(
            shapes.EntryShown, Wish(method="GET", path="/v1/entries/{no}", places={"no": no})
        )

    def reverse(self, no: int, *, reason: str, key: str | None = None) -> shapes.EntryOut:
        """Undo an entry by posting its opposite, as a coordinator."""
        return self._asker.one(
            shapes.EntryOut,
            Wish(
                method="POST",
                path="/v1/entries/{no}/reverse",
                places={"no": no},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )


class EventsCalls:
    """What can be asked of `events`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(
        self,
        *,
        after: int | None = None,
        kind: Sequence[
            Literal[
                "branch.created",
                "policy.set",
                "member.joined",
                "member.erased",
                "member.left",
                "mandate.granted",
                "mandate.revoked",
                "beneficiary.added",
                "beneficiary.consented",
                "beneficiary.checked",
                "beneficiary.revoked",
                "hours.logged",
                "hours.corrected",
                "hours.confirmed",
                "hours.disputed",
                "hours.rejected",
                "hours.withdrawn",
                "hours.decided",
                "hours.annulled",
                "redemption.requested",
                "redemption.assigned",
                "redemption.unassigned",
                "redemption.logged",
                "redemption.reopened",
                "redemption.settled",
                "redemption.corrected",
                "redemption.cancelled",
                "redemption.missed",
                "redemption.expired",
                "match.offered",
                "match.accepted",
                "match.declined",
                "match.withdrawn",
                "match.expired",
                "entry.posted",
                "entry.reversed",
            ]
        ]
        | None = None,
        limit: int | None = None,
    ) -> shapes.EventsOut:
        """List what happened, oldest first; with `Accept: text/event-stream`, tell it as it happens."""
        return self._asker.one(
            shapes.EventsOut,
            Wish(method="GET", path="/v1/events", query={"after": after, "kind": kind, "limit": limit}),
        )


class ExportsCalls:
    """What can be asked of `exports`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def accounts(self, *, separator: str | None = None, bom: bool | None = None) -> str:
        """Write the accounts with balances and limits, as CSV."""
        return self._asker.one(
            str, Wish(method="GET", path="/v1/exports/accounts", query={"separator": separator, "bom": bom})
        )

    def branch(self, *, without_identities: bool | None = None) -> str:
        """Write everything of the branch as JSON Lines, to keep or to restore; names, unless left out."""
        return self._asker.one(
            str,
            Wish(method="GET", path="/v1/exports/branch", query={"without_identities": without_identities}),
        )

    def entries(self, *, separator: str | None = None, bom: bool | None = None) -> str:
        """Write the journal as CSV, a row for each posting."""
        return self._asker.one(
            str, Wish(method="GET", path="/v1/exports/entries", query={"separator": separator, "bom": bom})
        )

    def journal(self, *, format_: Literal["hledger", "ledger", "beancount"] | None = None) -> str:
        """Write the journal for hledger, ledger or beancount, with every balance asserted at its end."""
        return self._asker.one(str, Wish(method="GET", path="/v1/exports/journal", query={"format": format_}))

    def members(
        self, *, with_names: bool | None = None, separator: str | None = None, bom: bool | None = None
    ) -> str:
        """Write the members as CSV: references; names and contacts only if asked for."""
        return self._asker.one(
            str,
            Wish(
                method="GET",
                path="/v1/exports/members",
                query={"with_names": with_names, "separator": separator, "bom": bom},
            ),
        )

    def statement(
        self,
        *,
        path: str,
        unit: str | None = None,
        first_on: date | None = None,
        last_on: date | None = None,
        known_at: datetime | None = None,
        separator: str | None = None,
        bom: bool | None = None,
    ) -> str:
        """Write the statement of an account as CSV: opening, lines, closing."""
        return self._asker.one(
            str,
            Wish(
                method="GET",
                path="/v1/exports/statement",
                query={
                    "path": path,
                    "unit": unit,
                    "first_on": first_on,
                    "last_on": last_on,
                    "known_at": known_at,
                    "separator": separator,
                    "bom": bom,
                },
            ),
        )


class HealthCalls:
    """What can be asked of `health`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def live(self) -> shapes.Health:
        """Say that the process answers."""
        return self._asker.one(shapes.Health, Wish(method="GET", path="/health/live"))

    def ready(self) -> shapes.Health:
        """Say that the books can be read; 503 while they cannot, and once the service ends."""
        return self._asker.one(shapes.Health, Wish(method="GET", path="/health/ready"))


class HoldsCalls:
    """What can be asked of `holds`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(
        self,
        *,
        state: Literal["pending", "captured", "released", "expired"] | None = None,
        member: str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.HoldsHoldOut]:
        """List holds, newest first: a member's own, everybody's for who runs or audits the branch."""
        return self._asker.pages(
            shapes.HoldsHoldOut,
            Wish(method="GET", path="/v1/holds", query={"state": state, "member": member, "limit": limit}),
        )

    def expire(self, *, key: str | None = None) -> tuple[shapes.RedemptionOut, ...]:
        """Give back what is past its deadline, as a coordinator; the next act would do so first anyway."""
        return self._asker.one(
            tuple[shapes.RedemptionOut, ...],
            Wish(method="POST", path="/v1/holds/expire", needs_key=True, key=key),
        )

    def show(self, no: int) -> shapes.HoldsHoldOut:
        """Show one."""
        return self._asker.one(
            shapes.HoldsHoldOut, Wish(method="GET", path="/v1/holds/{no}", places={"no": no})
        )

    def release(self, no: int, *, reason: str, key: str | None = None) -> shapes.RedemptionOut:
        """Give reserved hours back as a coordinator, free of charge; this cancels what they were for."""
        return self._asker.one(
            shapes.RedemptionOut,
            Wish(
                method="POST",
                path="/v1/holds/{no}/release",
                places={"no": no},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )


class HoursCalls:
    """What can be asked of `hours`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(
        self,
        *,
        state: Literal["logged", "corrected", "disputed", "confirmed", "rejected", "withdrawn"] | None = None,
        member: str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.HoursOut]:
        """List records, newest first: a member's own, everybody's for who runs or audits the branch."""
        return self._asker.pages(
            shapes.HoursOut,
            Wish(method="GET", path="/v1/hours", query={"state": state, "member": member, "limit": limit}),
        )

    def log(
        self,
        *,
        recipient: str,
        minutes: int,
        kind: str,
        start_at: datetime,
        provider: str | None = None,
        mode: Literal["in-person", "phone", "video", "mail", "sms"] | None = None,
        unit: str | None = None,
        key: str | None = None,
    ) -> shapes.HoursOut:
        """State help that was given; the other side then has the word."""
        return self._asker.one(
            shapes.HoursOut,
            Wish(
                method="POST",
                path="/v1/hours",
                body=said(
                    provider=provider,
                    recipient=recipient,
                    minutes=minutes,
                    kind=kind,
                    start_at=start_at,
                    mode=mode,
                    unit=unit,
                ),
                needs_key=True,
                key=key,
            ),
        )

    def show(self, no: int) -> shapes.HoursOut:
        """Show a record."""
        return self._asker.one(shapes.HoursOut, Wish(method="GET", path="/v1/hours/{no}", places={"no": no}))

    def confirm(self, no: int, *, key: str | None = None) -> shapes.HoursOut:
        """Agree with what the other side stated; this posts the help."""
        return self._asker.one(
            shapes.HoursOut,
            Wish(method="POST", path="/v1/hours/{no}/confirm", places={"no": no}, needs_key=True, key=key),
        )

    def correct(
        self,
        no: int,
        *,
        minutes: int | None = None,
        start_at: datetime | None = None,
        kind: str | None = None,
        mode: Literal["in-person", "phone", "video", "mail", "sms"] | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> shapes.HoursOut:
        """Restate a record; an open one then waits for the other side."""
        return self._asker.one(
            shapes.HoursOut,
            Wish(
                method="POST",
                path="/v1/hours/{no}/correct",
                places={"no": no},
                body=said(minutes=minutes, start_at=start_at, kind=kind, mode=mode, reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def decide(
        self,
        no: int,
        *,
        decision: Literal["confirm", "reject"],
        reason: str,
        minutes: int | None = None,
        key: str | None = None,
    ) -> shapes.HoursOut:
        """Decide a record as a coordinator; rejecting a confirmed one reverses its entry."""
        return self._asker.one(
            shapes.HoursOut,
            Wish(
                method="POST",
                path="/v1/hours/{no}/decide",
                places={"no": no},
                body=said(decision=decision, minutes=minutes, reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def dispute(self, no: int, *, reason: str, key: str | None = None) -> shapes.HoursOut:
        """Say that it was not so; a coordinator then decides."""
        return self._asker.one(
            shapes.HoursOut,
            Wish(
                method="POST",
                path="/v1/hours/{no}/dispute",
                places={"no": no},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def history(self, no: int) -> shapes.HistoryOut:
        """Show a record with everything that was done to it."""
        return self._asker.one(
            shapes.HistoryOut, Wish(method="GET", path="/v1/hours/{no}/history", places={"no": no})
        )

    def reject(self, no: int, *, reason: str, key: str | None = None) -> shapes.HoursOut:
        """Refuse what the other side stated."""
        return self._asker.one(
            shapes.HoursOut,
            Wish(
                method="POST",
                path="/v1/hours/{no}/reject",
                places={"no": no},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def withdraw(self, no: int, *, key: str | None = None) -> shapes.HoursOut:
        """Take back what I stated, as long as nobody agreed."""
        return self._asker.one(
            shapes.HoursOut,
            Wish(method="POST", path="/v1/hours/{no}/withdraw", places={"no": no}, needs_key=True, key=key),
        )


class ImportsCalls:
    """What can be asked of `imports`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def exchanges(
        self,
        content: bytes,
        *,
        format_: Literal["timeoverflow", "komunitin", "csv"] | None = None,
        map_: Sequence[str] | None = None,
        encoding: str | None = None,
        separator: str | None = None,
        dates: Literal["day-first", "us"] | None = None,
        left: Sequence[str] | None = None,
        source: str | None = None,
        dry_run: bool | None = None,
        key: str | None = None,
    ) -> shapes.ImportOut:
        """Import exchanges as help given and received; only with `dry_run=false` anything is changed."""
        return self._asker.one(
            shapes.ImportOut,
            Wish(
                method="POST",
                path="/v1/imports/exchanges",
                query={
                    "format": format_,
                    "map": map_,
                    "encoding": encoding,
                    "separator": separator,
                    "dates": dates,
                    "left": left,
                    "source": source,
                    "dry_run": dry_run,
                },
                body=content,
                form="text/csv",
                needs_key=True,
                key=key,
            ),
        )

    def members(
        self,
        content: bytes,
        *,
        format_: Literal["timeoverflow", "komunitin", "csv"] | None = None,
        map_: Sequence[str] | None = None,
        encoding: str | None = None,
        separator: str | None = None,
        dates: Literal["day-first", "us"] | None = None,
        left: Sequence[str] | None = None,
        source: str | None = None,
        dry_run: bool | None = None,
        key: str | None = None,
    ) -> shapes.ImportOut:
        """Import members with names and contacts; only with `dry_run=false` anything is changed."""
        return self._asker.one(
            shapes.ImportOut,
            Wish(
                method="POST",
                path="/v1/imports/members",
                query={
                    "format": format_,
                    "map": map_,
                    "encoding": encoding,
                    "separator": separator,
                    "dates": dates,
                    "left": left,
                    "source": source,
                    "dry_run": dry_run,
                },
                body=content,
                form="text/csv",
                needs_key=True,
                key=key,
            ),
        )

    def openings(
        self,
        content: bytes,
        *,
        format_: Literal["timeoverflow", "komunitin", "csv"] | None = None,
        map_: Sequence[str] | None = None,
        encoding: str | None = None,
        separator: str | None = None,
        dates: Literal["day-first", "us"] | None = None,
        left: Sequence[str] | None = None,
        source: str | None = None,
        effective_at: datetime | None = None,
        dry_run: bool | None = None,
        key: str | None = None,
    ) -> shapes.ImportOut:
        """Import opening balances; only with `dry_run=false` anything is changed."""
        return self._asker.one(
            shapes.ImportOut,
            Wish(
                method="POST",
                path="/v1/imports/openings",
                query={
                    "format": format_,
                    "map": map_,
                    "encoding": encoding,
                    "separator": separator,
                    "dates": dates,
                    "left": left,
                    "source": source,
                    "effective_at": effective_at,
                    "dry_run": dry_run,
                },
                body=content,
                form="text/csv",
                needs_key=True,
                key=key,
            ),
        )

    def reconcile(
        self,
        content: bytes,
        *,
        format_: Literal["timeoverflow", "komunitin", "csv"] | None = None,
        map_: Sequence[str] | None = None,
        encoding: str | None = None,
        separator: str | None = None,
        dates: Literal["day-first", "us"] | None = None,
        left: Sequence[str] | None = None,
        source: str | None = None,
    ) -> shapes.ReconciledOut:
        """Compare the books with the other system's own list of balances; nothing is changed."""
        return self._asker.one(
            shapes.ReconciledOut,
            Wish(
                method="POST",
                path="/v1/imports/reconcile",
                query={
                    "format": format_,
                    "map": map_,
                    "encoding": encoding,
                    "separator": separator,
                    "dates": dates,
                    "left": left,
                    "source": source,
                },
                body=content,
                form="text/csv",
            ),
        )


class InvitationsCalls:
    """What can be asked of `invitations`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(self) -> tuple[shapes.InvitationOut, ...]:
        """List the invitations of the branch, by number; never their codes."""
        return self._asker.one(tuple[shapes.InvitationOut, ...], Wish(method="GET", path="/v1/invitations"))

    def issue(
        self,
        *,
        ref: str,
        role: Literal["member", "coordinator", "auditor", "operator"] | None = None,
        days: int | None = None,
        key: str | None = None,
    ) -> shapes.InvitationOut:
        """Invite somebody; their earlier invitations open nothing any more."""
        return self._asker.one(
            shapes.InvitationOut,
            Wish(
                method="POST",
                path="/v1/invitations",
                body=said(role=role, ref=ref, days=days),
                needs_key=True,
                key=key,
            ),
        )

    def accept(
        self, *, code: str, password: str | None = None, email: str | None = None
    ) -> shapes.AcceptedOut:
        """Choose how to sign in, with an invitation's code; whoever was signed in as them is out."""
        return self._asker.one(
            shapes.AcceptedOut,
            Wish(
                method="POST",
                path="/v1/invitations/accept",
                body=said(code=code, password=password, email=email),
            ),
        )

    def revoke(self, no: int, *, key: str | None = None) -> shapes.InvitationOut:
        """Let an invitation open nothing any more."""
        return self._asker.one(
            shapes.InvitationOut,
            Wish(
                method="POST", path="/v1/invitations/{no}/revoke", places={"no": no}, needs_key=True, key=key
            ),
        )


class MandatesCalls:
    """What can be asked of `mandates`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(self, *, limit: int | None = None) -> Iterator[shapes.MandateOut]:
        """List those I gave or hold; all those of the branch's members for who runs or audits it."""
        return self._asker.pages(
            shapes.MandateOut, Wish(method="GET", path="/v1/mandates", query={"limit": limit})
        )

    def grant(
        self,
        *,
        holder: str,
        basis: str,
        scopes: Sequence[Literal["view", "request", "confirm", "sponsor"]],
        principal: str | None = None,
        from_on: date | None = None,
        until_on: date | None = None,
        key: str | None = None,
    ) -> shapes.MandateOut:
        """Let somebody act for me; or, as a coordinator, record that from a paper."""
        return self._asker.one(
            shapes.MandateOut,
            Wish(
                method="POST",
                path="/v1/mandates",
                body=said(
                    principal=principal,
                    holder=holder,
                    basis=basis,
                    scopes=scopes,
                    from_on=from_on,
                    until_on=until_on,
                ),
                needs_key=True,
                key=key,
            ),
        )

    def show(self, branch: str, no: int) -> shapes.MandateOut:
        """Show one."""
        return self._asker.one(
            shapes.MandateOut,
            Wish(method="GET", path="/v1/mandates/{branch}/{no}", places={"branch": branch, "no": no}),
        )

    def revoke(self, branch: str, no: int, *, key: str | None = None) -> shapes.MandateOut:
        """End it now: as who gave it, who holds it, or a coordinator of the branch that keeps it."""
        return self._asker.one(
            shapes.MandateOut,
            Wish(
                method="POST",
                path="/v1/mandates/{branch}/{no}/revoke",
                places={"branch": branch, "no": no},
                needs_key=True,
                key=key,
            ),
        )


class MatchesCalls:
    """What can be asked of `matches`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(
        self,
        *,
        state: Literal["offered", "accepted", "declined", "expired", "withdrawn"] | None = None,
        member: str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.MatchOut]:
        """List matches, newest first: those of a member, everybody's for who runs or audits the branch."""
        return self._asker.pages(
            shapes.MatchOut,
            Wish(method="GET", path="/v1/matches", query={"state": state, "member": member, "limit": limit}),
        )

    def offer(self, *, request: int, helper: str, key: str | None = None) -> shapes.MatchOut:
        """Ask somebody who is suggested whether they would help, as a coordinator."""
        return self._asker.one(
            shapes.MatchOut,
            Wish(
                method="POST",
                path="/v1/matches",
                body=said(request=request, helper=helper),
                needs_key=True,
                key=key,
            ),
        )

    def exchange(self) -> shapes.ExchangeOut:
        """Show what members could exchange within a week, in cycles and without credit; a report only."""
        return self._asker.one(shapes.ExchangeOut, Wish(method="GET", path="/v1/matches/exchange"))

    def expire(self, *, key: str | None = None) -> tuple[shapes.MatchOut, ...]:
        """Write down which matches nobody answered in time, as a coordinator; they are over even without."""
        return self._asker.one(
            tuple[shapes.MatchOut, ...],
            Wish(method="POST", path="/v1/matches/expire", needs_key=True, key=key),
        )

    def plan(self) -> shapes.PlanOut:
        """Show the best plan for all requests that wait; nobody is asked."""
        return self._asker.one(shapes.PlanOut, Wish(method="GET", path="/v1/matches/plan"))

    def run(self, *, key: str | None = None) -> shapes.PlanOut:
        """Make the best plan for all requests that wait, and ask everybody in it, as a coordinator."""
        return self._asker.one(
            shapes.PlanOut, Wish(method="POST", path="/v1/matches/run", needs_key=True, key=key)
        )

    def show(self, no: int) -> shapes.MatchOut:
        """Show a match."""
        return self._asker.one(
            shapes.MatchOut, Wish(method="GET", path="/v1/matches/{no}", places={"no": no})
        )

    def accept(self, no: int, *, reason: str | None = None, key: str | None = None) -> shapes.MatchOut:
        """Say yes, as the helper, or as a coordinator who says how they know."""
        return self._asker.one(
            shapes.MatchOut,
            Wish(
                method="POST",
                path="/v1/matches/{no}/accept",
                places={"no": no},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def conclude(
        self, no: int, *, outcome: Literal["helped", "not_helped"], key: str | None = None
    ) -> shapes.MatchOut:
        """Write down what became of an accepted match, as a coordinator."""
        return self._asker.one(
            shapes.MatchOut,
            Wish(
                method="POST",
                path="/v1/matches/{no}/conclude",
                places={"no": no},
                body=said(outcome=outcome),
                needs_key=True,
                key=key,
            ),
        )

    def decline(
        self,
        no: int,
        *,
        why: Literal["no_time", "too_far", "not_my_kind", "not_this_time", "did_not_suit", "coordinator"],
        reason: str | None = None,
        key: str | None = None,
    ) -> shapes.MatchOut:
        """Say no, as the helper, or as a coordinator who says how they know; nobody else is told why."""
        return self._asker.one(
            shapes.MatchOut,
            Wish(
                method="POST",
                path="/v1/matches/{no}/decline",
                places={"no": no},
                body=said(why=why, reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def withdraw(self, no: int, *, reason: str, key: str | None = None) -> shapes.MatchOut:
        """Take a match back, offered or accepted, as a coordinator."""
        return self._asker.one(
            shapes.MatchOut,
            Wish(
                method="POST",
                path="/v1/matches/{no}/withdraw",
                places={"no": no},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )


class MeCalls:
    """What can be asked of `me`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def show(self) -> shapes.Me:
        """Say who I am."""
        return self._asker.one(shapes.Me, Wish(method="GET", path="/v1/me"))

    def access_log(self, *, limit: int | None = None) -> Iterator[shapes.SightingOut]:
        """List who of my branch saw or did something that concerned me, newest first."""
        return self._asker.pages(
            shapes.SightingOut, Wish(method="GET", path="/v1/me/access-log", query={"limit": limit})
        )

    def balance(self) -> shapes.Balance:
        """Say how many hours I have; 404 for who is no member."""
        return self._asker.one(shapes.Balance, Wish(method="GET", path="/v1/me/balance"))

    def data(self) -> shapes.MemberDataOut:
        """Give me everything that is held on me, with the secrets of what entries committed themselves to."""
        return self._asker.one(shapes.MemberDataOut, Wish(method="GET", path="/v1/me/data"))

    def export(self) -> shapes.MemberDataOut:
        """Give me everything that is held on me; 404 for who is no member."""
        return self._asker.one(shapes.MemberDataOut, Wish(method="GET", path="/v1/me/export"))

    def password(self, *, new: str, current: str | None = None) -> shapes.SessionOut:
        """Choose another password: every session ends, and a new one begins here."""
        return self._asker.one(
            shapes.SessionOut,
            Wish(method="POST", path="/v1/me/password", body=said(current=current, new=new)),
        )

    def receipts(self, *, limit: int | None = None) -> Iterator[shapes.ReceiptLinkOut]:
        """List the entries that moved my hours, newest first, with receipts; 404 for who is no member."""
        return self._asker.pages(
            shapes.ReceiptLinkOut, Wish(method="GET", path="/v1/me/receipts", query={"limit": limit})
        )

    def receipt(self, no: int) -> str:
        """Give the proof that an entry that moved my hours is in the books, to be verified without the bank."""
        return self._asker.one(str, Wish(method="GET", path="/v1/me/receipts/{no}", places={"no": no}))

    def statement(self, *, limit: int | None = None) -> Iterator[shapes.LineOut]:
        """Show what happened to my hours, newest first; 404 for who is no member."""
        return self._asker.pages(
            shapes.LineOut, Wish(method="GET", path="/v1/me/statement", query={"limit": limit})
        )


class MembersCalls:
    """What can be asked of `members`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(self, *, limit: int | None = None) -> Iterator[shapes.MemberOut]:
        """List the members of the branch, by number."""
        return self._asker.pages(
            shapes.MemberOut, Wish(method="GET", path="/v1/members", query={"limit": limit})
        )

    def add(
        self,
        *,
        name: str,
        email: str | None = None,
        phone: str | None = None,
        ref: str | None = None,
        kind: Literal["person", "organisation"] | None = None,
        joined_on: date | None = None,
        key: str | None = None,
    ) -> shapes.MemberOut:
        """Let a member join, as a coordinator."""
        return self._asker.one(
            shapes.MemberOut,
            Wish(
                method="POST",
                path="/v1/members",
                body=said(name=name, email=email, phone=phone, ref=ref, kind=kind, joined_on=joined_on),
                needs_key=True,
                key=key,
            ),
        )

    def search(self, *, name: str, limit: int | None = None) -> tuple[shapes.MemberOut, ...]:
        """Look members up by name; changes nothing, and needs no key."""
        return self._asker.one(
            tuple[shapes.MemberOut, ...],
            Wish(method="POST", path="/v1/members/search", body=said(name=name, limit=limit)),
        )

    def show(self, ref: str) -> shapes.MemberOut:
        """Show a member: myself, or anybody of the branch for who runs or audits it."""
        return self._asker.one(
            shapes.MemberOut, Wish(method="GET", path="/v1/members/{ref}", places={"ref": ref})
        )

    def balance(self, ref: str) -> shapes.Balance:
        """Say how many hours a member has."""
        return self._asker.one(
            shapes.Balance, Wish(method="GET", path="/v1/members/{ref}/balance", places={"ref": ref})
        )

    def erase(self, ref: str, *, key: str | None = None) -> shapes.MemberOut:
        """Erase a person for ever: name, contacts, and every note that names them. The books stay."""
        return self._asker.one(
            shapes.MemberOut,
            Wish(method="POST", path="/v1/members/{ref}/erase", places={"ref": ref}, needs_key=True, key=key),
        )

    def export(self, ref: str) -> shapes.MemberDataOut:
        """Write out everything that is held on a member, for them to have."""
        return self._asker.one(
            shapes.MemberDataOut, Wish(method="GET", path="/v1/members/{ref}/export", places={"ref": ref})
        )

    def rename(
        self,
        ref: str,
        *,
        name: str,
        email: str | None = None,
        phone: str | None = None,
        key: str | None = None,
    ) -> shapes.MemberOut:
        """Change my name and contacts, or as a coordinator a member's; the books do not change."""
        return self._asker.one(
            shapes.MemberOut,
            Wish(
                method="POST",
                path="/v1/members/{ref}/rename",
                places={"ref": ref},
                body=said(name=name, email=email, phone=phone),
                needs_key=True,
                key=key,
            ),
        )

    def statement(self, ref: str, *, limit: int | None = None) -> Iterator[shapes.LineOut]:
        """Show what happened to a member's hours, newest first."""
        return self._asker.pages(
            shapes.LineOut,
            Wish(
                method="GET", path="/v1/members/{ref}/statement", places={"ref": ref}, query={"limit": limit}
            ),
        )


class OffersCalls:
    """What can be asked of `offers`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(
        self,
        *,
        state: Literal["open", "withdrawn", "expired"] | None = None,
        member: str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.HelpOfferOut]:
        """List offers, newest first: a member's own, everybody's for who runs or audits the branch."""
        return self._asker.pages(
            shapes.HelpOfferOut,
            Wish(method="GET", path="/v1/offers", query={"state": state, "member": member, "limit": limit}),
        )

    def post(
        self,
        *,
        kind: str,
        week: Sequence[shapes.WindowIn],
        minutes_per_week: int,
        member: str | None = None,
        mode: Literal["in-person", "phone", "video", "mail", "sms"] | None = None,
        until_on: date | None = None,
        note: str | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> shapes.HelpOfferOut:
        """Offer help; no hours move."""
        return self._asker.one(
            shapes.HelpOfferOut,
            Wish(
                method="POST",
                path="/v1/offers",
                body=said(
                    member=member,
                    kind=kind,
                    mode=mode,
                    week=week,
                    minutes_per_week=minutes_per_week,
                    until_on=until_on,
                    note=note,
                    reason=reason,
                ),
                needs_key=True,
                key=key,
            ),
        )

    def expire(self, *, key: str | None = None) -> tuple[shapes.HelpOfferOut, ...]:
        """Write down which offers have expired, as a coordinator; they are not open even without."""
        return self._asker.one(
            tuple[shapes.HelpOfferOut, ...],
            Wish(method="POST", path="/v1/offers/expire", needs_key=True, key=key),
        )

    def show(self, no: int) -> shapes.HelpOfferShown:
        """Show an offer, with the words about it."""
        return self._asker.one(
            shapes.HelpOfferShown, Wish(method="GET", path="/v1/offers/{no}", places={"no": no})
        )

    def withdraw(self, no: int, *, reason: str | None = None, key: str | None = None) -> shapes.HelpOfferOut:
        """Take an offer back."""
        return self._asker.one(
            shapes.HelpOfferOut,
            Wish(
                method="POST",
                path="/v1/offers/{no}/withdraw",
                places={"no": no},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )


class PolicyCalls:
    """What can be asked of `policy`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def show(self, *, version: int | None = None) -> shapes.PolicyOut:
        """Show a version of the rules; by default the one in force today."""
        return self._asker.one(
            shapes.PolicyOut, Wish(method="GET", path="/v1/policy", query={"version": version})
        )

    def set(
        self, *, document: str, effective_on: date | None = None, key: str | None = None
    ) -> shapes.PolicySetOut:
        """Give the branch new rules from a day on; what is booked keeps the rules it was booked under."""
        return self._asker.one(
            shapes.PolicySetOut,
            Wish(
                method="POST",
                path="/v1/policy",
                body=said(document=document, effective_on=effective_on),
                needs_key=True,
                key=key,
            ),
        )

    def check(self, *, document: str) -> shapes.CheckOut:
        """Check a document of rules and list every fault; nothing is changed."""
        return self._asker.one(
            shapes.CheckOut, Wish(method="POST", path="/v1/policy/check", body=said(document=document))
        )

    def default(self) -> shapes.DocumentOut:
        """Show the default rules, to start from: every key with what it means."""
        return self._asker.one(shapes.DocumentOut, Wish(method="GET", path="/v1/policy/default"))

    def diff(self, *, document: str, version: int | None = None) -> tuple[shapes.PolicyChangeOut, ...]:
        """Show what a document would change, key by key; nothing is changed."""
        return self._asker.one(
            tuple[shapes.PolicyChangeOut, ...],
            Wish(
                method="POST",
                path="/v1/policy/diff",
                query={"version": version},
                body=said(document=document),
            ),
        )

    def list(self) -> tuple[shapes.VersionOut, ...]:
        """List the versions, oldest first."""
        return self._asker.one(tuple[shapes.VersionOut, ...], Wish(method="GET", path="/v1/policy/versions"))


class ProfilesCalls:
    """What can be asked of `profiles`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def show(self, ref: str) -> shapes.KnownOut:
        """Show what matching knows of a member."""
        return self._asker.one(
            shapes.KnownOut, Wish(method="GET", path="/v1/profiles/{ref}", places={"ref": ref})
        )

    def clear(
        self,
        ref: str,
        *,
        clearance: str,
        verified_on: date | None = None,
        expires_on: date | None = None,
        key: str | None = None,
    ) -> shapes.KnownOut:
        """Say that a member passed a check, as a coordinator; the paper stays outside."""
        return self._asker.one(
            shapes.KnownOut,
            Wish(
                method="POST",
                path="/v1/profiles/{ref}/clear",
                places={"ref": ref},
                body=said(clearance=clearance, verified_on=verified_on, expires_on=expires_on),
                needs_key=True,
                key=key,
            ),
        )

    def consent(self, ref: str, *, experience: str, key: str | None = None) -> shapes.KnownOut:
        """Let lived experience be used, as the member or in the member's name."""
        return self._asker.one(
            shapes.KnownOut,
            Wish(
                method="POST",
                path="/v1/profiles/{ref}/consent",
                places={"ref": ref},
                body=said(experience=experience),
                needs_key=True,
                key=key,
            ),
        )

    def declare(
        self,
        ref: str,
        *,
        experience: str,
        is_consented: bool | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> shapes.KnownOut:
        """Say what a member has lived through; it is used only once consented to."""
        return self._asker.one(
            shapes.KnownOut,
            Wish(
                method="POST",
                path="/v1/profiles/{ref}/declare",
                places={"ref": ref},
                body=said(experience=experience, is_consented=is_consented, reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def exclude(
        self, ref: str, *, other_member: str, reason: str | None = None, key: str | None = None
    ) -> shapes.KnownOut:
        """Never bring a member together with another one, whoever helps; the other is not told."""
        return self._asker.one(
            shapes.KnownOut,
            Wish(
                method="POST",
                path="/v1/profiles/{ref}/exclude",
                places={"ref": ref},
                body=said(other_member=other_member, reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def include(
        self, ref: str, *, other_member: str, reason: str | None = None, key: str | None = None
    ) -> shapes.KnownOut:
        """Take an exclusion back; the other's own, if there is one, stays."""
        return self._asker.one(
            shapes.KnownOut,
            Wish(
                method="POST",
                path="/v1/profiles/{ref}/include",
                places={"ref": ref},
                body=said(other_member=other_member, reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def park(
        self,
        ref: str,
        *,
        other_member: str,
        until_on: date,
        why: Literal["no_time", "too_far", "not_my_kind", "not_this_time", "did_not_suit", "coordinator"]
        | None = None,
        key: str | None = None,
    ) -> shapes.KnownOut:
        """Do not ask a member to help another one until a day is over, as a coordinator."""
        return self._asker.one(
            shapes.KnownOut,
            Wish(
                method="POST",
                path="/v1/profiles/{ref}/park",
                places={"ref": ref},
                body=said(other_member=other_member, until_on=until_on, why=why),
                needs_key=True,
                key=key,
            ),
        )

    def retract(
        self, ref: str, *, experience: str, reason: str | None = None, key: str | None = None
    ) -> shapes.KnownOut:
        """Forget lived experience, and the consent to its use."""
        return self._asker.one(
            shapes.KnownOut,
            Wish(
                method="POST",
                path="/v1/profiles/{ref}/retract",
                places={"ref": ref},
                body=said(experience=experience, reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def set(
        self,
        ref: str,
        *,
        home: shapes.SpotIn | None = None,
        reach_metres: int | None = None,
        travel: Literal["on-foot", "bicycle", "transit", "car"] | None = None,
        languages: Sequence[str] | None = None,
        gender: Literal["woman", "man", "other"] | None = None,
        wished_gender: Literal["woman", "man", "other"] | None = None,
        household: str | None = None,
        day_minutes: int | None = None,
        rest_minutes: int | None = None,
        teams: Sequence[str] | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> shapes.KnownOut:
        """Say something of a member; what is left out stays as it is, what is null is forgotten."""
        return self._asker.one(
            shapes.KnownOut,
            Wish(
                method="POST",
                path="/v1/profiles/{ref}/set",
                places={"ref": ref},
                body=said(
                    home=home,
                    reach_metres=reach_metres,
                    travel=travel,
                    languages=languages,
                    gender=gender,
                    wished_gender=wished_gender,
                    household=household,
                    day_minutes=day_minutes,
                    rest_minutes=rest_minutes,
                    teams=teams,
                    reason=reason,
                ),
                needs_key=True,
                key=key,
            ),
        )

    def unclear(self, ref: str, *, clearance: str, key: str | None = None) -> shapes.KnownOut:
        """Say that a check does not count any more, as a coordinator."""
        return self._asker.one(
            shapes.KnownOut,
            Wish(
                method="POST",
                path="/v1/profiles/{ref}/unclear",
                places={"ref": ref},
                body=said(clearance=clearance),
                needs_key=True,
                key=key,
            ),
        )

    def unpark(self, ref: str, *, other_member: str, key: str | None = None) -> shapes.KnownOut:
        """Let a member be asked to help another one again, as a coordinator."""
        return self._asker.one(
            shapes.KnownOut,
            Wish(
                method="POST",
                path="/v1/profiles/{ref}/unpark",
                places={"ref": ref},
                body=said(other_member=other_member),
                needs_key=True,
                key=key,
            ),
        )


class ReceiptsCalls:
    """What can be asked of `receipts`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def show(self, no: int) -> str:
        """Give the proof that an entry is in the books, to be verified without us."""
        return self._asker.one(str, Wish(method="GET", path="/v1/receipts/{no}", places={"no": no}))


class RedemptionsCalls:
    """What can be asked of `redemptions`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(
        self,
        *,
        state: Literal["requested", "assigned", "logged", "settled", "cancelled", "missed", "expired"]
        | None = None,
        member: str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.RedemptionOut]:
        """List those that I am a party to, newest first; all of the branch for who runs or audits it."""
        return self._asker.pages(
            shapes.RedemptionOut,
            Wish(
                method="GET", path="/v1/redemptions", query={"state": state, "member": member, "limit": limit}
            ),
        )

    def request(
        self,
        *,
        beneficiary: int,
        start_at: datetime,
        minutes: int,
        kind: str,
        mode: Literal["in-person", "phone", "video", "mail", "sms"] | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> shapes.RedemptionOut:
        """Ask for help; the hours are reserved at once."""
        return self._asker.one(
            shapes.RedemptionOut,
            Wish(
                method="POST",
                path="/v1/redemptions",
                body=said(
                    beneficiary=beneficiary,
                    start_at=start_at,
                    minutes=minutes,
                    kind=kind,
                    mode=mode,
                    reason=reason,
                ),
                needs_key=True,
                key=key,
            ),
        )

    def show(self, ref: str) -> shapes.RedemptionOut:
        """Follow one."""
        return self._asker.one(
            shapes.RedemptionOut, Wish(method="GET", path="/v1/redemptions/{ref}", places={"ref": ref})
        )

    def assign(self, ref: str, *, provider: str, key: str | None = None) -> shapes.RedemptionOut:
        """Say who will help."""
        return self._asker.one(
            shapes.RedemptionOut,
            Wish(
                method="POST",
                path="/v1/redemptions/{ref}/assign",
                places={"ref": ref},
                body=said(provider=provider),
                needs_key=True,
                key=key,
            ),
        )

    def cancel(self, ref: str, *, reason: str | None = None, key: str | None = None) -> shapes.RedemptionOut:
        """Call the help off; the policy says whether that costs something."""
        return self._asker.one(
            shapes.RedemptionOut,
            Wish(
                method="POST",
                path="/v1/redemptions/{ref}/cancel",
                places={"ref": ref},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def confirm(self, ref: str, *, reason: str | None = None, key: str | None = None) -> shapes.RedemptionOut:
        """Agree with what was stated; this charges the sponsor and credits the helper."""
        return self._asker.one(
            shapes.RedemptionOut,
            Wish(
                method="POST",
                path="/v1/redemptions/{ref}/confirm",
                places={"ref": ref},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def dispute(self, ref: str, *, reason: str, key: str | None = None) -> shapes.RedemptionOut:
        """Refuse to agree for now; a correction or a coordinator settles it."""
        return self._asker.one(
            shapes.RedemptionOut,
            Wish(
                method="POST",
                path="/v1/redemptions/{ref}/dispute",
                places={"ref": ref},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def log(
        self,
        ref: str,
        *,
        minutes: int | None = None,
        start_at: datetime | None = None,
        key: str | None = None,
    ) -> shapes.RedemptionOut:
        """State the help that was given."""
        return self._asker.one(
            shapes.RedemptionOut,
            Wish(
                method="POST",
                path="/v1/redemptions/{ref}/log",
                places={"ref": ref},
                body=said(minutes=minutes, start_at=start_at),
                needs_key=True,
                key=key,
            ),
        )

    def no_show(
        self,
        ref: str,
        *,
        missing: Literal["beneficiary", "provider"],
        reason: str | None = None,
        key: str | None = None,
    ) -> shapes.RedemptionOut:
        """State that the visit failed; the policy says what a missing beneficiary costs."""
        return self._asker.one(
            shapes.RedemptionOut,
            Wish(
                method="POST",
                path="/v1/redemptions/{ref}/no-show",
                places={"ref": ref},
                body=said(missing=missing, reason=reason),
                needs_key=True,
                key=key,
            ),
        )

    def story(self, ref: str) -> shapes.StoryOut:
        """Tell everything that was done about it, and what its entries add up to in both books."""
        return self._asker.one(
            shapes.StoryOut, Wish(method="GET", path="/v1/redemptions/{ref}/story", places={"ref": ref})
        )

    def unassign(self, ref: str, *, key: str | None = None) -> shapes.RedemptionOut:
        """Step back, so that somebody else can help."""
        return self._asker.one(
            shapes.RedemptionOut,
            Wish(
                method="POST",
                path="/v1/redemptions/{ref}/unassign",
                places={"ref": ref},
                needs_key=True,
                key=key,
            ),
        )


class ReportsCalls:
    """What can be asked of `reports`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def activity(self) -> tuple[shapes.MonthOut, ...]:
        """Show how much help there was, month by month, oldest first."""
        return self._asker.one(tuple[shapes.MonthOut, ...], Wish(method="GET", path="/v1/reports/activity"))

    def indicators(
        self, *, first_on: date | None = None, last_on: date | None = None
    ) -> shapes.IndicatorsOut:
        """Show how the branch is doing, in figures that reconcile with the journal."""
        return self._asker.one(
            shapes.IndicatorsOut,
            Wish(
                method="GET", path="/v1/reports/indicators", query={"first_on": first_on, "last_on": last_on}
            ),
        )

    def solvency(
        self,
        *,
        on: date | None = None,
        near: str | None = None,
        within_metres: int | None = None,
        years: int | None = None,
        seed: int | None = None,
    ) -> shapes.SolvencyOut:
        """Show what is owed, what is given in a year, and what may come of it; nobody is named."""
        return self._asker.one(
            shapes.SolvencyOut,
            Wish(
                method="GET",
                path="/v1/reports/solvency",
                query={"on": on, "near": near, "within_metres": within_metres, "years": years, "seed": seed},
            ),
        )

    def trial_balance(
        self, *, on: date | None = None, known_at: datetime | None = None
    ) -> tuple[shapes.TrialBalanceOut, ...]:
        """Show every balance, one table for each unit: now, at the end of a day, as known at an instant."""
        return self._asker.one(
            tuple[shapes.TrialBalanceOut, ...],
            Wish(method="GET", path="/v1/reports/trial-balance", query={"on": on, "known_at": known_at}),
        )


class RequestsCalls:
    """What can be asked of `requests`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(
        self,
        *,
        state: Literal["open", "withdrawn", "expired"] | None = None,
        member: str | None = None,
        limit: int | None = None,
    ) -> Iterator[shapes.HelpRequestOut]:
        """List requests, newest first: a member's own, everybody's for who runs or audits the branch."""
        return self._asker.pages(
            shapes.HelpRequestOut,
            Wish(method="GET", path="/v1/requests", query={"state": state, "member": member, "limit": limit}),
        )

    def post(
        self,
        *,
        kind: str,
        minutes: int,
        member: str | None = None,
        mode: Literal["in-person", "phone", "video", "mail", "sms"] | None = None,
        earliest_at: datetime | None = None,
        latest_at: datetime | None = None,
        week: Sequence[shapes.WindowIn] | None = None,
        until_on: date | None = None,
        note: str | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> shapes.HelpRequestOut:
        """Ask for help; no hours move."""
        return self._asker.one(
            shapes.HelpRequestOut,
            Wish(
                method="POST",
                path="/v1/requests",
                body=said(
                    member=member,
                    kind=kind,
                    minutes=minutes,
                    mode=mode,
                    earliest_at=earliest_at,
                    latest_at=latest_at,
                    week=week,
                    until_on=until_on,
                    note=note,
                    reason=reason,
                ),
                needs_key=True,
                key=key,
            ),
        )

    def expire(self, *, key: str | None = None) -> tuple[shapes.HelpRequestOut, ...]:
        """Write down which requests have expired, as a coordinator; they are not open even without."""
        return self._asker.one(
            tuple[shapes.HelpRequestOut, ...],
            Wish(method="POST", path="/v1/requests/expire", needs_key=True, key=key),
        )

    def show(self, no: int) -> shapes.HelpRequestShown:
        """Show a request, with the words about it."""
        return self._asker.one(
            shapes.HelpRequestShown, Wish(method="GET", path="/v1/requests/{no}", places={"no": no})
        )

    def explain(self, no: int, *, helper: str) -> shapes.ExplanationOut:
        """Say why a helper is suggested for a request at their rank, or all that keeps the two apart."""
        return self._asker.one(
            shapes.ExplanationOut,
            Wish(
                method="GET",
                path="/v1/requests/{no}/explanation",
                places={"no": no},
                query={"helper": helper},
            ),
        )

    def suggestions(self, no: int, *, limit: int | None = None) -> shapes.SuggestionsOut:
        """Show who could help with a request, the best first, with reasons; and what keeps others away."""
        return self._asker.one(
            shapes.SuggestionsOut,
            Wish(
                method="GET", path="/v1/requests/{no}/suggestions", places={"no": no}, query={"limit": limit}
            ),
        )

    def wish(self, no: int) -> shapes.WishOut:
        """Show what a request says beyond its kind and time; auditors do not see it."""
        return self._asker.one(
            shapes.WishOut, Wish(method="GET", path="/v1/requests/{no}/wish", places={"no": no})
        )

    def say(
        self,
        no: int,
        *,
        place: shapes.SpotIn | None = None,
        languages: Sequence[str] | None = None,
        wished_gender: Literal["woman", "man", "other"] | None = None,
        experience: str | None = None,
        is_experience_needed: bool | None = None,
        clearances: Sequence[str] | None = None,
        team: str | None = None,
        urgency: int | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> shapes.WishOut:
        """Say where an open request is to be met, and by whom."""
        return self._asker.one(
            shapes.WishOut,
            Wish(
                method="POST",
                path="/v1/requests/{no}/wish",
                places={"no": no},
                body=said(
                    place=place,
                    languages=languages,
                    wished_gender=wished_gender,
                    experience=experience,
                    is_experience_needed=is_experience_needed,
                    clearances=clearances,
                    team=team,
                    urgency=urgency,
                    reason=reason,
                ),
                needs_key=True,
                key=key,
            ),
        )

    def withdraw(
        self, no: int, *, reason: str | None = None, key: str | None = None
    ) -> shapes.HelpRequestOut:
        """Take a request back."""
        return self._asker.one(
            shapes.HelpRequestOut,
            Wish(
                method="POST",
                path="/v1/requests/{no}/withdraw",
                places={"no": no},
                body=said(reason=reason),
                needs_key=True,
                key=key,
            ),
        )


class SignCalls:
    """What can be asked of `sign`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def in_(
        self,
        *,
        branch: str | None = None,
        role: Literal["member", "coordinator", "auditor", "operator"] | None = None,
        ref: str | None = None,
        password: str | None = None,
        ticket: str | None = None,
        code: str | None = None,
        cookie: bool | None = None,
    ) -> shapes.SessionOut:
        """Begin a session, with a password or with a code."""
        return self._asker.one(
            shapes.SessionOut,
            Wish(
                method="POST",
                path="/v1/sign-in",
                body=said(
                    branch=branch,
                    role=role,
                    ref=ref,
                    password=password,
                    ticket=ticket,
                    code=code,
                    cookie=cookie,
                ),
            ),
        )

    def in_ask(
        self,
        *,
        branch: str,
        ref: str,
        role: Literal["member", "coordinator", "auditor", "operator"] | None = None,
    ) -> shapes.CodeOut:
        """Ask for a code by mail; the answer is the same for whoever is not there, or has no address."""
        return self._asker.one(
            shapes.CodeOut,
            Wish(method="POST", path="/v1/sign-in/codes", body=said(branch=branch, role=role, ref=ref)),
        )

    def out(self) -> None:
        """End the session: its token opens nothing from the next request on."""
        self._asker.one(type(None), Wish(method="POST", path="/v1/sign-out"))


class TokensCalls:
    """What can be asked of `tokens`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(self) -> tuple[shapes.TokenOut, ...]:
        """List tokens, by number, never their texts: one's own, everybody's for who runs the branch."""
        return self._asker.one(tuple[shapes.TokenOut, ...], Wish(method="GET", path="/v1/tokens"))

    def issue(
        self,
        *,
        role: Literal["member", "coordinator", "auditor", "operator"],
        ref: str,
        days: int | None = None,
        scopes: Sequence[Literal["read", "log", "redeem", "account", "coordinate"]] | None = None,
        key: str | None = None,
    ) -> shapes.TokenOut:
        """Let somebody of the branch come; with no more than whoever asks may do."""
        return self._asker.one(
            shapes.TokenOut,
            Wish(
                method="POST",
                path="/v1/tokens",
                body=said(role=role, ref=ref, days=days, scopes=scopes),
                needs_key=True,
                key=key,
            ),
        )

    def revoke(self, no: int, *, key: str | None = None) -> shapes.TokenOut:
        """Let a token open nothing any more, from the next request on."""
        return self._asker.one(
            shapes.TokenOut,
            Wish(method="POST", path="/v1/tokens/{no}/revoke", places={"no": no}, needs_key=True, key=key),
        )


class TransfersCalls:
    """What can be asked of `transfers`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def post(
        self,
        *,
        debit_path: str,
        credit_path: str,
        minutes: int,
        reason: str,
        unit: str | None = None,
        effective_at: datetime | None = None,
        key: str | None = None,
    ) -> shapes.EntryOut:
        """Move minutes between two accounts, with a reason; it does not count as help."""
        return self._asker.one(
            shapes.EntryOut,
            Wish(
                method="POST",
                path="/v1/transfers",
                body=said(
                    debit_path=debit_path,
                    credit_path=credit_path,
                    minutes=minutes,
                    reason=reason,
                    unit=unit,
                    effective_at=effective_at,
                ),
                needs_key=True,
                key=key,
            ),
        )


class WebhooksCalls:
    """What can be asked of `webhooks`."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self._asker = asker

    def list(self) -> tuple[shapes.WebhookOut, ...]:
        """List them; never their secrets."""
        return self._asker.one(tuple[shapes.WebhookOut, ...], Wish(method="GET", path="/v1/webhooks"))

    def add(
        self,
        *,
        url: str,
        kinds: Sequence[
            Literal[
                "branch.created",
                "policy.set",
                "member.joined",
                "member.erased",
                "member.left",
                "mandate.granted",
                "mandate.revoked",
                "beneficiary.added",
                "beneficiary.consented",
                "beneficiary.checked",
                "beneficiary.revoked",
                "hours.logged",
                "hours.corrected",
                "hours.confirmed",
                "hours.disputed",
                "hours.rejected",
                "hours.withdrawn",
                "hours.decided",
                "hours.annulled",
                "redemption.requested",
                "redemption.assigned",
                "redemption.unassigned",
                "redemption.logged",
                "redemption.reopened",
                "redemption.settled",
                "redemption.corrected",
                "redemption.cancelled",
                "redemption.missed",
                "redemption.expired",
                "match.offered",
                "match.accepted",
                "match.declined",
                "match.withdrawn",
                "match.expired",
                "entry.posted",
                "entry.reversed",
            ]
        ]
        | None = None,
        key: str | None = None,
    ) -> shapes.NewWebhookOut:
        """Send everything that happens from now on to an address, signed; the secret is said once."""
        return self._asker.one(
            shapes.NewWebhookOut,
            Wish(
                method="POST", path="/v1/webhooks", body=said(url=url, kinds=kinds), needs_key=True, key=key
            ),
        )

    def show(self, no: int) -> shapes.WebhookOut:
        """Show one, with what it did not take."""
        return self._asker.one(
            shapes.WebhookOut, Wish(method="GET", path="/v1/webhooks/{no}", places={"no": no})
        )

    def remove(self, no: int) -> None:
        """Send nothing there any more, and forget the secret."""
        self._asker.one(type(None), Wish(method="DELETE", path="/v1/webhooks/{no}", places={"no": no}))

    def disable(self, no: int, *, key: str | None = None) -> shapes.WebhookOut:
        """Send nothing for now; what happens meanwhile waits."""
        return self._asker.one(
            shapes.WebhookOut,
            Wish(method="POST", path="/v1/webhooks/{no}/disable", places={"no": no}, needs_key=True, key=key),
        )

    def enable(self, no: int, *, key: str | None = None) -> shapes.WebhookOut:
        """Send again, everything from where it was."""
        return self._asker.one(
            shapes.WebhookOut,
            Wish(method="POST", path="/v1/webhooks/{no}/enable", places={"no": no}, needs_key=True, key=key),
        )

    def redeliver(self, no: int, *, event: int | None = None, key: str | None = None) -> shapes.WebhookOut:
        """Send a dead letter again, or all of them."""
        return self._asker.one(
            shapes.WebhookOut,
            Wish(
                method="POST",
                path="/v1/webhooks/{no}/redeliver",
                places={"no": no},
                body=said(event=event),
                needs_key=True,
                key=key,
            ),
        )


class Nouns:
    """Every noun of the service."""

    def __init__(self, asker: Asker) -> None:
        """Ask through somebody."""
        self.access = AccessCalls(asker)
        self.accounts = AccountsCalls(asker)
        self.audit = AuditCalls(asker)
        self.beneficiaries = BeneficiariesCalls(asker)
        self.branches = BranchesCalls(asker)
        self.checkpoints = CheckpointsCalls(asker)
        self.clearing = ClearingCalls(asker)
        self.entries = EntriesCalls(asker)
        self.events = EventsCalls(asker)
        self.exports = ExportsCalls(asker)
        self.health = HealthCalls(asker)
        self.holds = HoldsCalls(asker)
        self.hours = HoursCalls(asker)
        self.imports = ImportsCalls(asker)
        self.invitations = InvitationsCalls(asker)
        self.mandates = MandatesCalls(asker)
        self.matches = MatchesCalls(asker)
        self.me = MeCalls(asker)
        self.members = MembersCalls(asker)
        self.offers = OffersCalls(asker)
        self.policy = PolicyCalls(asker)
        self.profiles = ProfilesCalls(asker)
        self.receipts = ReceiptsCalls(asker)
        self.redemptions = RedemptionsCalls(asker)
        self.reports = ReportsCalls(asker)
        self.requests = RequestsCalls(asker)
        self.sign = SignCalls(asker)
        self.tokens = TokensCalls(asker)
        self.transfers = TransfersCalls(asker)
        self.webhooks = WebhooksCalls(asker)
