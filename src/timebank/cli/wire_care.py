"""What `--json` prints about beneficiaries, mandates and redemptions; the contract is that of `wire`."""

from typing import TYPE_CHECKING

from timebank.cli import wire
from timebank.cli.output import JsonObject
from timebank.cli.wire import instant
from timebank.instants import write_instant

if TYPE_CHECKING:
    from timebank.care.beneficiary import Beneficiary
    from timebank.care.mandate import Mandate
    from timebank.care.redemption import Redemption
    from timebank.services.beneficiaries import BeneficiaryHistory
    from timebank.services.settling import RedemptionDone
    from timebank.services.stories import RedemptionStory
    from timebank.storage.care import StoredAct


def beneficiary(value: "Beneficiary") -> JsonObject:
    """Write a beneficiary; `branch` is the sponsor's, which numbers it."""
    return {
        "branch": value.branch,
        "no": value.no,
        "sponsor": value.sponsor,
        "relation": value.relation.value,
        "host_branch": value.host_branch,
        "member": value.member,
        "consented_at": instant(value.consented_at),
        "checked_at": instant(value.checked_at),
        "revoked_at": instant(value.revoked_at),
    }


def beneficiary_history(history: "BeneficiaryHistory") -> JsonObject:
    """Write a beneficiary with what was done."""
    return {
        **beneficiary(history.beneficiary),
        "events": [_event(event, reason) for event, reason in history.events],
    }


def mandate(value: "Mandate") -> JsonObject:
    """Write a mandate; `branch` is the principal's, which numbers it."""
    return {
        "branch": value.branch,
        "no": value.no,
        "principal": value.principal,
        "holder": value.holder,
        "holder_branch": value.holder_branch,
        "basis": value.basis,
        "scopes": sorted(value.scopes),
        "from_on": value.from_on.isoformat(),
        "until_on": value.until_on.isoformat() if value.until_on is not None else None,
        "revoked_at": instant(value.revoked_at),
    }


def redemption(value: "Redemption") -> JsonObject:
    """Write a redemption; `branch` is the sponsor's, which numbers it, `redemption` its reference."""
    return {
        "redemption": value.ref,
        "branch": value.branch,
        "no": value.no,
        "state": value.state.value,
        "sponsor": value.sponsor,
        "beneficiary_no": value.beneficiary_no,
        "host_branch": value.host_branch,
        "beneficiary": value.beneficiary,
        "provider": value.provider,
        "kind": value.kind,
        "mode": value.mode.value,
        "planned_at": write_instant(value.planned_at),
        "planned_minutes": value.planned_minutes,
        "held_minutes": value.held_minutes,
        "charged_minutes": value.charged_minutes,
        "expires_at": write_instant(value.expires_at),
        "hold_no": value.hold_no,
        "record_no": value.record_no,
    }


def redemption_done(done: "RedemptionDone") -> JsonObject:
    """Write what an act on a redemption led to: its entries in either branch, and what else was ended."""
    return {
        **redemption(done.redemption),
        "entries": [{"branch": code, "entry": seq} for code, seq in done.entries],
        "warnings": [wire.warning(each) for each in done.warnings],
        "expired": list(done.expired),
    }


def redemption_story(story: "RedemptionStory") -> JsonObject:
    """Write the whole story of a redemption; `reconciled` says what its entries add up to."""
    return {
        **redemption(story.redemption),
        "is_due": story.is_due,
        "events": [{**_event(event, reason), "minutes": event.minutes} for event, reason in story.events],
        "hold": wire.hold(story.hold),
        "record": wire.record(story.record) if story.record is not None else None,
        "entries": [wire.entry(each) for each in story.entries],
        "reconciled": {
            "is_reconciled": story.is_reconciled,
            "paid_minutes": story.paid_minutes,
            "earned_minutes": story.earned_minutes,
            "held_minutes": story.held_minutes,
            "clearing_minutes": story.clearing_minutes,
        },
    }


def _event(event: "StoredAct", reason: str | None) -> JsonObject:
    """Write an act; `by` is written as seen from the branch it was done in, `acted_in`."""
    return {
        "no": event.no,
        "act": event.act,
        "acted_in": event.acted_in,
        "by": event.actor,
        "at": write_instant(event.at),
        "reason": reason,
    }
