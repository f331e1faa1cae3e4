"""What `--json` prints: a stable contract. Minutes are whole numbers, instants RFC 3339, days ISO 8601."""

from datetime import datetime
from typing import TYPE_CHECKING

from timebank.care.sightings import Sighting
from timebank.cli.output import JsonObject
from timebank.instants import write_instant
from timebank.ledger.canonical import instant_of
from timebank.ledger.limits import Limits, LimitWarning
from timebank.ledger.model import Branch, JournalEntry
from timebank.ledger.statement import AccountPage, ClearingPosition, Statement, StatementLine, TrialBalance

if TYPE_CHECKING:
    from timebank.care.record import ServiceRecord
    from timebank.errors import PolicyFault
    from timebank.ledger.holds import Hold
    from timebank.policy.changes import Change
    from timebank.reports.backup import Head
    from timebank.services.accounts import AccountChange, AccountView
    from timebank.services.audits import AuditReport
    from timebank.services.checks import Check
    from timebank.services.entries import DetailsShown, EntryView
    from timebank.services.hours import HoursDone, RecordHistory
    from timebank.services.members import MemberView
    from timebank.services.migrations import Migration
    from timebank.storage.policies import PolicyVersion


def instant(at: datetime | None) -> str | None:
    """Write an instant, or None."""
    return write_instant(at) if at is not None else None


def branch(value: Branch) -> JsonObject:
    """Write a branch."""
    return {
        "code": value.code,
        "name": value.name,
        "zone": value.zone,
        "created_at": write_instant(value.created_at),
    }


def member(view: "MemberView") -> JsonObject:
    """Write a member with the identity, null once erased."""
    who = view.identity
    return {
        "branch": view.member.branch,
        "ref": view.member.ref,
        "kind": view.member.kind.value,
        "joined_on": view.member.joined_on.isoformat(),
        "left_on": view.member.left_on.isoformat() if view.member.left_on is not None else None,
        "is_erased": who is None,
        "name": who.name if who is not None else None,
        "email": who.email if who is not None else None,
        "phone": who.phone if who is not None else None,
    }


def limits(value: Limits) -> JsonObject:
    """Write limits; null is no limit."""
    return {
        "floor_minutes": value.floor,
        "ceiling_minutes": value.ceiling,
        "warn_floor_minutes": value.warn_floor,
        "warn_ceiling_minutes": value.warn_ceiling,
    }


def account(view: "AccountView") -> JsonObject:
    """Write an account; `balance_minutes` is positive when the member has credit."""
    return {
        "path": view.path,
        "unit": view.unit,
        "balance_minutes": view.balance,
        "held_minutes": view.held,
        "given_minutes": view.given,
        "received_minutes": view.received,
        **limits(view.limits),
        "is_closed": view.is_closed,
    }


def account_change(change: "AccountChange") -> JsonObject:
    """Write a change of limits or an override."""
    return {
        "no": change.no,
        "what": change.what,
        "floor_minutes": change.floor,
        "ceiling_minutes": change.ceiling,
        "until_at": instant(change.until_at),
        "by": change.actor,
        "why": change.why,
        "recorded_at": write_instant(change.recorded_at),
    }


def warning(value: LimitWarning) -> JsonObject:
    """Write a soft warning."""
    return {
        "code": value.code,
        "path": value.path,
        "balance_minutes": value.balance,
        "level_minutes": value.level,
    }


def record(value: "ServiceRecord") -> JsonObject:
    """Write a service record."""
    return {
        "branch": value.branch,
        "no": value.no,
        "state": value.state.value,
        "provider": value.provider,
        "recipient": value.recipient,
        "kind": value.kind,
        "mode": value.mode.value,
        "start_at": write_instant(value.start_at),
        "minutes": value.minutes,
        "credited_minutes": value.credited_minutes,
        "unit": value.unit,
        "logged_by": str(value.logged_by),
        "stated_by": str(value.stated_by),
        "redemption": value.redemption,
        "is_flagged_overlap": value.is_flagged_overlap,
    }


def hours_done(done: "HoursDone") -> JsonObject:
    """Write what an act on a service record led to."""
    return {
        **record(done.record),
        "entries": list(done.entries),
        "warnings": [warning(each) for each in done.warnings],
    }


def record_history(history: "RecordHistory") -> JsonObject:
    """Write a service record with what was done to it."""
    return {
        **record(history.record),
        "events": [
            {
                "no": event.no,
                "act": event.act,
                "by": event.actor,
                "at": write_instant(event.at),
                "minutes": event.minutes,
                "reason": reason,
            }
            for event, reason in history.events
        ],
    }


def entry(value: JournalEntry, reversed_by: int | None = None) -> JsonObject:
    """Write a journal entry with its postings."""
    draft = value.draft
    return {
        "branch": value.branch,
        "entry": value.seq,
        "kind": draft.kind.value,
        "cause": f"{draft.cause.kind} {draft.cause.ref}",
        "effective_at": write_instant(draft.effective_at),
        "effective_on": draft.effective_on.isoformat(),
        "recorded_at": write_instant(value.recorded_at),
        "policy_version": draft.policy_version,
        "by": str(draft.actor),
        "reverses": draft.reverses,
        "reversed_by": reversed_by,
        "postings": [
            {
                "path": line.posting.path,
                "side": line.posting.side.value,
                "amount": line.posting.amount,
                "unit": line.posting.unit,
                "account_seq": line.account_seq,
                "balance_after": line.balance_after,
            }
            for line in value.lines
        ],
    }


def details(shown: "DetailsShown") -> JsonObject:
    """Write what an entry has committed itself to, and what proves it."""
    return {
        "branch": shown.branch,
        "entry": shown.entry,
        "details": shown.text,
        "secret": shown.secret.hex(),
        "commitment": shown.commitment.hex(),
    }


def entry_view(view: "EntryView") -> JsonObject:
    """Write an entry with what reversed it and the words about it."""
    return {**entry(view.entry, view.reversed_by), "notes": list(view.notes)}


def hold(value: "Hold") -> JsonObject:
    """Write a hold."""
    return {
        "no": value.no,
        "member": value.member,
        "minutes": value.minutes,
        "captured_minutes": value.captured_minutes,
        "state": value.state.value,
        "expires_at": write_instant(value.expires_at),
        "cause": f"{value.cause_kind} {value.cause_ref}",
    }


def statement(value: Statement) -> JsonObject:
    """Write a statement."""
    first, last = value.period.first_on, value.period.last_on
    return {
        "branch": value.branch,
        "path": value.path,
        "unit": value.unit,
        "first_on": first.isoformat() if first is not None else None,
        "last_on": last.isoformat() if last is not None else None,
        "known_at": instant(value.known_at),
        "opening_minutes": value.opening,
        "closing_minutes": value.closing,
        "lines": [_statement_line(line) for line in value.lines],
    }


def account_page(value: AccountPage) -> JsonObject:
    """Write a page of an account's lines."""
    return {
        "branch": value.branch,
        "path": value.path,
        "unit": value.unit,
        "lines": [_statement_line(line) for line in value.lines],
        "older": value.older,
    }


def _statement_line(line: StatementLine) -> JsonObject:
    return {
        "entry": line.entry,
        "effective_on": line.effective_on.isoformat(),
        "recorded_at": write_instant(line.recorded_at),
        "kind": line.kind,
        "cause": line.cause,
        "other_paths": list(line.other_paths),
        "change_minutes": line.change,
        "balance_minutes": line.balance,
        "reverses": line.reverses,
        "reversed_by": line.reversed_by,
    }


def trial_balance(value: TrialBalance) -> JsonObject:
    """Write a trial balance."""
    return {
        "branch": value.branch,
        "unit": value.unit,
        "is_balanced": value.is_balanced,
        "debit_total": value.debit_total,
        "credit_total": value.credit_total,
        "rows": [{"path": row.path, "debit": row.debit, "credit": row.credit} for row in value.rows],
    }


def sighting(value: Sighting) -> JsonObject:
    """Write a line of an access log."""
    return {
        "branch": value.branch,
        "at": write_instant(value.at),
        "request": value.request,
        "role": value.role,
        "ref": value.ref,
        "operation": value.operation,
        "object": value.object,
        "member": value.member,
        "mandate": value.mandate,
        "status": value.status,
    }


def clearing_position(value: ClearingPosition) -> JsonObject:
    """Write what one branch owes another, as each of the two books says."""
    return {
        "branch": value.branch,
        "other": value.other,
        "unit": value.unit,
        "owed_minutes": value.owed,
        "owed_back_minutes": value.owed_back,
        "is_reconciled": value.is_reconciled,
    }


def audit(report: "AuditReport") -> JsonObject:
    """Write the report of an audit."""
    return {
        "ok": report.ok,
        "faults": [
            {"code": fault.code, "place": fault.place, "detail": fault.detail} for fault in report.faults
        ],
        "branches": report.branches,
        "entries": report.entries,
        "checked_entries": report.checked,
        "is_kept": report.is_kept,
        "accounts": report.accounts,
        "outside_limits": [
            {"branch": code, "path": path, "balance_minutes": balance}
            for code, path, balance in report.outside_limits
        ],
        "kept": [{"file": each.file, "branch": each.branch, "size": each.size} for each in report.kept],
    }


def policy_version(value: "PolicyVersion") -> JsonObject:
    """Write a version of a branch's rules with its whole document."""
    return {
        "version": value.version,
        "effective_on": value.effective_on.isoformat(),
        "recorded_at": write_instant(instant_of(value.recorded_us)),
        "by": value.actor,
        "document": value.document,
    }


def policy_change(value: "Change") -> JsonObject:
    """Write one key that differs between two policies; both values as the document writes them."""
    return {"key": value.key, "before": value.before, "after": value.after}


def policy_fault(value: "PolicyFault") -> JsonObject:
    """Write one fault of a policy document."""
    return {
        "key": value.key,
        "code": value.code.value,
        "text": value.text,
        "line": value.line,
        "also": list(value.also),
    }


def check(value: "Check") -> JsonObject:
    """Write one check of the doctor."""
    return {
        "check": value.name,
        "verdict": value.verdict.value,
        "found": value.found,
        "advice": value.advice,
    }


def head(value: "Head") -> JsonObject:
    """Return where a journal ends."""
    return {"branch": value.branch, "entries": value.entries, "leaf": value.leaf}


def migration(value: "Migration") -> JsonObject:
    """Write a migration: versions before and after, whether anything had to be done; rights, if granted."""
    written: JsonObject = {"before": value.before, "after": value.after, "is_needed": value.is_needed}
    if value.granted is not None:
        granted = value.granted
        written["granted"] = {
            "role": granted.role,
            "is_needed": granted.is_needed,
            "excesses": list(granted.excesses),
        }
    return written
