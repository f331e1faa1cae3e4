"""Examples: one realistic value for every field, from which whole bodies and answers are made.

A field means the same in every body, so it is shown with the same value everywhere. What is described as
`HoursIn` may say otherwise under `HoursIn.FIELD`.
"""

from collections.abc import Mapping
from typing import Any, Final

from timebank.policy.document import FORMAT_KEY
from timebank.policy.model import FORMAT

Schema = Mapping[str, Any]

INVITATION: Final = "lille-7K3M-Q2XD-90AB-CDEF-GHJK"
DOCUMENT: Final = f"{FORMAT_KEY} = {FORMAT}\n\n[rounding]\nstep_minutes = 30\n"
"""Rules, short."""
FIELDS: Final[Mapping[str, object]] = {
    "about": "hours:1",
    "accounts_new": 2,
    "act": "log",
    "acted_in": "lille",
    "after": 1,
    "amount": 90,
    "at": "2026-03-02T13:05:00Z",
    "available_minutes": 90,
    "balance": 90,
    "balance_after": 90,
    "balance_minutes": 90,
    "basis": "family-authorisation",
    "before": 40,
    "beneficiary": "m1",
    "beneficiary_no": 1,
    "branch": "lille",
    "by": "member:m1",
    "captured_minutes": 0,
    "cause": "service 1",
    "ceiling_minutes": 3000,
    "change": 90,
    "change_minutes": 90,
    "charged_minutes": 60,
    "checkpoint": "lille.timebank\n1\nk2UhVx2RJOIR1pQ8l0mtJzC4tVgWg2lhTz2TnJ7b0Aw=\n\n— lille.timebank …\n",
    "signed_at": "2026-03-02T13:05:00Z",
    "checked_at": "2026-03-03T09:00:00Z",
    "clearing_minutes": 0,
    "closing": 90,
    "closing_minutes": 90,
    "code": "unknown_record",
    "consented_at": "2026-03-02T18:30:00Z",
    "cookie": False,
    "created_at": "2026-01-01T09:00:00Z",
    "credit_path": "member:m1:available",
    "credited_minutes": 90,
    "csrf": None,
    "current": "zebra crossing 7",
    "day": "monday",
    "days": 14,
    "debit_path": "fund:care",
    "decision": "confirm",
    "details": "timebank-details/1",
    "detail": "No record 2 in the branch lille.",
    "document": DOCUMENT,
    "earned_minutes": 0,
    "effective_at": "2026-03-02T13:00:00Z",
    "effective_on": "2026-03-02",
    "email": "sample@example.invalid",
    "encoding": "utf-8",
    "ends": "12:30",
    "entry": 1,
    "expired": "lille-2",
    "expires_at": "2026-04-02T13:00:00Z",
    "field": "minutes",
    "first_on": "2026-03-01",
    "floor_minutes": -600,
    "follows_policy": False,
    "format": "generic",
    "from_on": "2026-03-01",
    "given_minutes": 90,
    "held_minutes": 60,
    "holder": "m1@lille",
    "holder_branch": "lille",
    "host_branch": "locmine",
    "is_closed": False,
    "is_due": False,
    "is_erased": False,
    "is_flagged_overlap": False,
    "is_reconciled": True,
    "joined_on": "2026-01-01",
    "key": "rounding.step_minutes",
    "kind": "shopping",
    "known_at": None,
    "last_on": "2026-03-31",
    "left_held_minutes": 60,
    "left_on": None,
    "level_minutes": -480,
    "limit": 50,
    "line": 2,
    "linked_at": "2026-01-03T09:00:00Z",
    "logged_by": "member:m1",
    "member": "m1",
    "minutes": 90,
    "mandate": None,
    "missing": "beneficiary",
    "mode": "in-person",
    "month": "2026-03",
    "name": "Sample Volunteer",
    "new": "a slow boat in May",
    "new_paths": "member:m7:available",
    "no": 1,
    "note": None,
    "notes": "It took longer than planned.",
    "object": "1",
    "older": None,
    "opening_minutes": 0,
    "operation": "hours_show",
    "other": "locmine",
    "other_paths": "member:m2:available",
    "others": "member:m2:available",
    "paid_minutes": 0,
    "party": "m1",
    "password": "zebra crossing 7",
    "password_changed_at": "2026-01-02T09:00:00Z",
    "path": "member:m1:available",
    "phone": None,
    "place": "lille",
    "planned_at": "2026-03-05T13:00:00Z",
    "planned_minutes": 60,
    "posted_at": "2026-03-02T13:05:00Z",
    "posted_by": "member:m1",
    "principal": "m1",
    "provider": "m1",
    "reason": "It took longer than planned.",
    "reasons": "It took longer than planned.",
    "received_minutes": 0,
    "recipient": "member:m2",
    "record_no": 1,
    "recorded_at": "2026-03-02T13:05:00Z",
    "redemption": "lille-1",
    "ref": "m1",
    "relation": "parent",
    "request": "0192f1c0b7a84d1e",
    "reversed_by": None,
    "reverses": None,
    "revoked_at": None,
    "role": "member",
    "scopes": "read",
    "separator": "comma",
    "side": "credit",
    "source": "timeoverflow",
    "sponsor": "m1",
    "start_at": "2026-03-02T14:00:00+01:00",
    "starts": "09:00",
    "state": "logged",
    "stated_by": "member:m1",
    "status": "ready",
    "ticket": "tc_lille_…",
    "token": "tb_lille_…",
    "used_at": None,
    "unit": "min",
    "until_at": "2040-01-31T12:00:00Z",
    "until_on": None,
    "version": 1,
    "warn_ceiling_minutes": 2400,
    "warn_floor_minutes": -480,
    "what": "limits",
    "why": "The board agreed.",
    "words": "It took longer than planned.",
    "earliest_at": None,
    "latest_at": None,
    "ended_at": None,
    "ended_by": None,
    "minutes_per_week": 120,
    "week": [{"day": "thu", "starts": "14:00", "ends": "17:00"}],
    "zone": "Europe/Paris",
    "asked": 1,
    "busy": "m4",
    "changed_at": None,
    "changed_by": None,
    "clearance": "honourability",
    "clearances": "honourability",
    "consented_on": None,
    "coordinator": "has not been cleared for: honourability",
    "count": 2,
    "day_minutes": 120,
    "declared_on": "2026-03-02",
    "distance_metres": 1200,
    "exchanged_minutes": 60,
    "experience": "bereavement",
    "expires_on": "2029-06-30",
    "gender": "woman",
    "helper": "m1",
    "household": "h1",
    "is_consented": False,
    "is_optimal": True,
    "is_experience_needed": False,
    "languages": "fr",
    "lat_udeg": 50_630_000,
    "lon_udeg": 3_060_000,
    "match": 1,
    "may_be_asked": True,
    "offer": 1,
    "offered_minutes": 120,
    "offered_at": "2026-03-02T13:05:00Z",
    "offered_by": "coordinator:desk",
    "other_member": "m3",
    "outcome": None,
    "points": 94,
    "public": "something that this request asks for is not met",
    "rank": 1,
    "reach_metres": 3000,
    "rest_minutes": 30,
    "rule": "vetting",
    "score": 776,
    "since_on": "2026-03-02",
    "standing": "within-theorem",
    "team": None,
    "teams": "tea",
    "term": "near",
    "travel": "bicycle",
    "urgency": 2,
    "active": 24,
    "active_share": 0.6,
    "advantageous": 10.0,
    "ages": "70-79",
    "assumptions": "100 % of those who stop or die are replaced by others who give as much.",
    "caveat": "b and c are fitness in the theory: an indicator, never a proof.",
    "centralisation": 0.3,
    "cover_years": 3.9,
    "density": 0.08,
    "exchanges_per_active": 2.5,
    "given_gini": 0.41,
    "givers_per_receiver": 1.47,
    "measured": 0.25,
    "minutes_per_active": 150.0,
    "not_held": "ratings",
    "offers_per_request": 1.5,
    "on": "2026-03-31",
    "partners_mean": 3.2,
    "partners_median": 3.0,
    "per_hour_at_most": 2267.0,
    "per_hour_owed": 7315.0,
    "quarter": "2026-Q1",
    "received_gini": 0.38,
    "reciprocity": 0.33,
    "risk_dominant": 7.0,
    "stable": 4.0,
    "value": 376,
    "verified_by": "coordinator:desk",
    "verified_on": "2026-03-02",
    "weight": 4,
    "weights": "50a905cc8af98cfd7d1f9c3bb6b5dd8aa1b9a1f1e2d3c4b5a69788796a5b4c3d",
    "wished_gender": None,
}
"""What is shown for a field, wherever it stands."""
FIELDS_OF: Final[Mapping[str, object]] = {
    "ImpactOut.name": "activities listed",
    "ProjectionOut.name": "as assumed",
    "ReserveOut.unit": "CHF",
    "ThresholdOut.rule": "direct",
    "ClearanceOut.kind": "honourability",
    "ConcludedIn.outcome": "helped",
    "DeclinedIn.why": "no_time",
    "ExperienceOut.code": "bereavement",
    "ExplanationOut.request": 1,
    "MatchOut.request": 1,
    "MatchOut.starts": 172,
    "MatchOut.state": "offered",
    "OfferedIn.request": 1,
    "NeededOut.request": 2,
    "ParkedIn.until_on": "2027-01-31",
    "ParkedIn.why": "coordinator",
    "PassedOut.coordinator": "m2 suits better, by 12 points, but request 2 loses 40 points without them",
    "PassedOut.helper": "m2",
    "PassedOut.public": "somebody who suits even better is needed more elsewhere",
    "PassedOut.why": "needed",
    "RelaxationOut.coordinator": "m1 could, going 800 m further",
    "RelaxationOut.public": "if the help were nearer, or somebody went further, there would be somebody",
    "RelaxationOut.rule": "distance",
    "WorthOut.points": 776,
    "WorthOut.served": [0, 0, 1, 0, 0, 0, 0, 0],
    "PlanOut.busy": ["m4"],
    "UnservedOut.not_asked_now": ["m4"],
    "PlannedOut.others": 1,
    "PlannedOut.request": 1,
    "ParkedOut.reason": "no_time",
    "ParkedOut.until_on": "2027-01-31",
    "SuggestionOut.starts": 172,
    "SuggestionsOut.request": 1,
    "UnservedOut.request": 3,
    "WishIn.place": {"lat_udeg": 50_630_000, "lon_udeg": 3_060_000},
    "WishOut.place": {"lat_udeg": 50_630_000, "lon_udeg": 3_060_000},
    "WishOut.request": 1,
    "AccountIn.path": "fund:club-tea",
    "BranchEventOut.no": 17,
    "BranchEventOut.timestamp": "2026-03-02T14:35:00Z",
    "BranchEventOut.type": "hours.logged",
    "AcceptIn.code": INVITATION,
    "AssignmentIn.provider": "m2",
    "BeneficiaryIn.member": "m1@locmine",
    "BranchOut.code": "lille",
    "BranchOut.name": "Sample branch",
    "DeadLetterOut.asked_at": None,
    "DeadLetterOut.attempts": 10,
    "DeadLetterOut.delivered_at": None,
    "DeadLetterOut.event": 12,
    "DeadLetterOut.given_up_at": "2026-03-05T17:00:00Z",
    "DeadLetterOut.said": "500",
    "EventsOut.end": 17,
    "EventsOut.through": 17,
    "HelpIn.start_at": "2026-06-15T10:00:00+02:00",
    "HelpOfferOut.state": "open",
    "HelpOfferShown.state": "open",
    "HelpRequestIn.minutes": 60,
    "HelpRequestOut.state": "open",
    "HelpRequestShown.state": "open",
    "HistoryOut.entries": 1,
    "HoldOut.state": "pending",
    "HoursOut.entries": 1,
    "InvitationOut.code": INVITATION,
    "Line.kind": "service",
    "LineOut.kind": "service",
    "MandateIn.holder": "m2",
    "MandateIn.scopes": "view",
    "MandateOut.holder": "m1",
    "MandateOut.scopes": "view",
    "MemberIn.ref": None,
    "MemberOut.kind": "person",
    "RedemptionIn.beneficiary": 1,
    "RedemptionIn.start_at": "2026-06-20T14:00:00+02:00",
    "RedemptionOut.state": "requested",
    "SearchIn.name": "sample",
    "StoryOut.state": "requested",
    "WarningOut.kind": "below_floor_warning",
    "NewWebhookOut.kinds": ["hours.confirmed"],
    "NewWebhookOut.secret": "whsec_c2FtcGxlIHNlY3JldCBvZiBzb21lIDMyIGJ5dGVz",
    "NewWebhookOut.url": "https://receiver.example/hours",
    "RedeliveryIn.event": None,
    "DetailsHeldOut.secret": "00" * 32,
    "WebhookIn.kinds": ["hours.confirmed"],
    "WebhookIn.url": "https://receiver.example/hours",
    "WebhookOut.attempts": 1,
    "WebhookOut.created_at": "2026-03-01T09:00:00Z",
    "WebhookOut.kinds": ["hours.confirmed"],
    "WebhookOut.next_at": "2026-03-02T14:40:05Z",
    "WebhookOut.said": "503",
    "WebhookOut.state": "active",
    "WebhookOut.told": 12,
    "WebhookOut.url": "https://receiver.example/hours",
    "WebhookOut.waiting": 5,
    "SightingOut.status": 200,
    "SignInIn.code": None,
    "SignInIn.ticket": None,
    "TokenOut.kind": "issued",
    "SmallChangeOut.change": "time",
    "ChangeOut.after": "30",
    "ChangeOut.before": "15",
    "EntryIn.effective_at": None,
    "EntryIn.postings": [
        {"path": "member:m2:available", "side": "debit", "amount": 30, "unit": "min"},
        {"path": "member:m1:available", "side": "credit", "amount": 30, "unit": "min"},
    ],
    "PolicyIn.effective_on": "2026-07-01",
    "TransferIn.debit_path": "member:m2:available",
    "TransferIn.effective_at": None,
}
"""Where a field of one body means something else."""
TABLE: Final = "entry,effective_on,change_minutes,balance_minutes\n1,2026-03-02,90,90\n"
TEXTS: Final[Mapping[str, object]] = {
    "application/jsonl": '{"form":"timebank","version":1}\n',
    "imports_exchanges": "date,provider,recipient,minutes\n2026-01-05,Sample A,Sample B,60\n",
    "imports_members": "number,name,email\n7,Sample Newcomer,sample@example.org\n",
    "imports_openings": "member,minutes\n7,120\n",
    "imports_reconcile": "member,minutes\n7,120\n",
    "metrics_read": "http_requests_total 1\n",
    "application/vnd.timebank.receipt+json": {"format": "timebank-receipt/1", "parts": []},
    "text/csv": TABLE,
    "text/plain": "2026-03-02 * service 1\n    member:m1:available  90 min\n    member:m2:available\n",
}
"""Bodies and answers in other forms than JSON: of an operation, or of all that have no other."""
MISSING: Final = object()
"""What comes of a field for which nobody has chosen a value."""


def example_of(schema: Schema, schemas: Mapping[str, Schema], *, place: str = "") -> object:
    """Return an example of what a schema describes, or `MISSING` if there is no value for one of its fields.

    Args:
        schema: of JSON Schema, as the description has it.
        schemas: what `$ref` refers to.
        place: `STRUCT.FIELD` where it stands.
    """
    chosen = _chosen(place)
    if chosen is not MISSING and (isinstance(chosen, list) or schema.get("type") != "array"):
        return chosen
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        is_leaf = "properties" not in schemas[name]
        return example_of(schemas[name], schemas, place=place if is_leaf else name)
    if "properties" in schema:
        found = {
            name: example_of(each, schemas, place=f"{place}.{name}")
            for name, each in schema["properties"].items()
        }
        return MISSING if MISSING in found.values() else found
    if schema.get("type") == "array":
        item = example_of(schema["items"], schemas, place=place)
        return MISSING if item is MISSING else [item]
    if schema.get("type") == "object":
        return {}
    return _leaf(schema, schemas, place)


def _chosen(place: str) -> object:
    """Return what was chosen for a place: `module_Struct.field`, or `Struct.field` wherever that is."""
    struct, _, field = place.partition(".")
    return FIELDS_OF.get(place, FIELDS_OF.get(f"{struct.rpartition('_')[2]}.{field}", MISSING))


def text_of(operation: str, form: str) -> object:
    """Return the example of a body or an answer in another form than plain JSON; None if it has none."""
    return TEXTS.get(operation, TEXTS.get(form.partition(";")[0]))


def _leaf(schema: Schema, schemas: Mapping[str, Schema], place: str) -> object:
    """Return the value of a field: chosen for it, or plain from its type."""
    field = place.rpartition(".")[2]
    options = schema.get("oneOf", schema.get("anyOf", ()))
    structures = [each for each in options if "$ref" in each or each.get("type") in {"array", "object"}]
    if structures:
        return example_of(structures[0], schemas, place=place)
    chosen = FIELDS.get(field, MISSING)
    if "enum" in schema:
        return chosen if chosen in schema["enum"] else schema["enum"][0]
    if chosen is not MISSING:
        return chosen
    kinds = {schema.get("type"), *(each.get("type") for each in options)}
    if "boolean" in kinds:
        return schema.get("default", field.startswith("is_"))
    if "integer" in kinds:
        return 90 if field.endswith("_minutes") else 1
    return schema.get("default", None if "null" in kinds else MISSING)
