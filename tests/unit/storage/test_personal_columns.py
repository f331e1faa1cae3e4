"""Every column of the schema is either given to the member whom it is about, or argued here not to be theirs.

A new column fails these tests until somebody has decided. Whether the values do arrive is tested with a
bank, in `tests/integration/test_member_data.py`.
"""

from typing import Final

from timebank.storage import catalogue
from timebank.storage.columns import Row
from timebank_api.routes.member_data import MemberDataOut

GIVEN: Final[dict[str, tuple[str, str]]] = {
    "access_token": ("tokens", "no role ref created_us expires_us revoked_us"),
    "account": ("accounts", "path unit"),
    "account_balance": ("accounts", "balance"),
    "beneficiary": (
        "beneficiaries",
        "no sponsor relation host_branch member consented_us checked_us revoked_us",
    ),
    "credential": ("sign_in", "role ref changed_us"),
    "entry": ("accounts", "seq kind cause_kind cause_ref effective_on recorded_us reverses"),
    "help_match": ("matches", "no request_no member helper offer_no starts state offered_us changed_us"),
    "help_offer": ("offers", "no member kind mode minutes_per_week week state posted_us expires_us ended_us"),
    "help_request": (
        "requests",
        "no member kind mode minutes earliest_us latest_us week state posted_us expires_us ended_us",
    ),
    "hold": ("holds", "no member minutes state expires_us cause_kind cause_ref captured_minutes"),
    "identity_address": ("sign_in", "role ref email"),
    "identity_alias": ("aliases", "source party path"),
    "identity_clearance": ("matching", "ref kind verified_on expires_on"),
    "identity_detail": ("details", "entry_seq member other_member third_member secret details"),
    "identity_exclusion": ("matching", "ref other since_on"),
    "identity_experience": ("matching", "ref code declared_on consented_on"),
    "identity_note": ("notes", "about member other_member words"),
    "identity_parking": ("matching", "helper member until_on reason match_no"),
    "identity_person": ("profile", "ref name email phone note"),
    "identity_profile": (
        "matching",
        (
            "ref lat_udeg lon_udeg reach_metres travel languages gender wished_gender household day_minutes"
            " rest_minutes teams"
        ),
    ),
    "identity_wish": (
        "wishes",
        (
            "request_no ref lat_udeg lon_udeg languages wished_gender experience is_experience_needed"
            " clearances team urgency"
        ),
    ),
    "invitation": ("sign_in", "no role ref created_us expires_us used_us revoked_us"),
    "mandate": (
        "mandates",
        "no principal holder holder_branch basis scopes from_on until_on revoked_us",
    ),
    "member": ("profile", "ref kind joined_on left_on"),
    "openid_subject": ("sign_in", "role ref linked_us"),
    "posting": ("accounts", "entry_seq side amount balance_after"),
    "redemption": (
        "redemptions",
        (
            "no sponsor host_branch beneficiary kind mode planned_us planned_minutes state provider"
            " charged_minutes"
        ),
    ),
    "service_record": (
        "records",
        "no provider recipient kind mode start_us minutes credited_minutes state logged_by redemption",
    ),
}
"""Table: the part of the export, and the columns that are in it."""
OPENS_A_DOOR: Final = "would open a door, or is only a digest of what does"
BY_STAFF: Final = "says who of the staff did it; of others, references only where they are parties"
BOOKKEEPING: Final = "numbers rows, links them or restates what other columns say"
ELSEWHERE: Final = (
    "of a thing that is given as a whole: its own history is shown with it, in the member's branch"
)
OF_THE_BANK: Final = "of the bank or its programs, not of a person"
APART: Final[dict[str, dict[str, str]]] = {
    "access_token": {"digest": OPENS_A_DOOR, "actor scopes kind": BY_STAFF},
    "account": {"no opened_us closed_us": BOOKKEEPING},
    "account_balance": {"account_no given received version": BOOKKEEPING},
    "account_limit": {
        "account_no no follows_policy floor ceiling warn_floor warn_ceiling": ELSEWHERE,
        "actor note_no recorded_us": ELSEWHERE,
    },
    "account_override": {"account_no no floor ceiling until_us actor note_no recorded_us": ELSEWHERE},
    "audit_point": {"entry_seq actor recorded_us seen_us totals digest": OF_THE_BANK},
    "beneficiary_event": {"beneficiary_no no acted_in act actor note_no recorded_us": ELSEWHERE},
    "branch": {"code name zone created_us": OF_THE_BANK},
    "branch_counter": {"noun last_no": OF_THE_BANK},
    "branch_head": {"entry_seq revision last_us is_frozen": OF_THE_BANK},
    "branch_secret": {"purpose secret": OF_THE_BANK},
    "access_log": {
        "at_us no request role ref operation object member mandate status": (
            "who saw what of a member is a report of its own: `report access`, `/v1/me/access-log`"
        )
    },
    "credential": {"password": OPENS_A_DOOR},
    "dead_letter": {
        "webhook_no event_no attempts said given_up_us asked_us delivered_us": OF_THE_BANK,
    },
    "entry": {
        "step effective_us policy_version counts_help leaf": BOOKKEEPING,
        "actor": BY_STAFF,
        "details": "the commitment; what it is to, and its secret, are given",
    },
    "help_match": {"rank weights outcome": BOOKKEEPING, "offered_by changed_by expires_us": BY_STAFF},
    "help_offer": {"actor ended_by": BY_STAFF},
    "help_request": {"actor ended_by": BY_STAFF},
    "identity_clearance": {"verified_by": BY_STAFF},
    "identity_note": {"no": BOOKKEEPING},
    "import_batch": {"no layout source rows_new rows_known actor recorded_us": OF_THE_BANK},
    "invitation": {"digest": OPENS_A_DOOR, "actor": BY_STAFF},
    "life_event": {
        "no subject ref act other happened_on entry_seq actor note_no recorded_us": (
            "the end of a membership: its last day is in the profile, its reason with the notes, its entry"
            " with the accounts"
        )
    },
    "log_checkpoint": {"size key_no note signed_us": OF_THE_BANK},
    "log_cosignature": {"size witness line": OF_THE_BANK},
    "log_key": {"no origin vkey created_us actor retired_us": OF_THE_BANK},
    "log_tile": {"level idx hashes": OF_THE_BANK},
    "mail_code": {"ticket digest role ref expires_us tries": OPENS_A_DOOR},
    "mandate": {"revoked_by actor recorded_us": BY_STAFF},
    "member": {"erased_us": "nobody is left to give it to"},
    "openid_subject": {"digest": OPENS_A_DOOR},
    "outbox": {"no seq kind members data recorded_us": "repeats, by reference, what the parts say"},
    "policy_version": {"version effective_on recorded_us actor document fingerprint": OF_THE_BANK},
    "posting": {"line account_no account_seq": BOOKKEEPING},
    "redemption": {"beneficiary_no held_minutes hold_no record_no expires_us requested_us": BOOKKEEPING},
    "redemption_event": {"redemption_no no acted_in act actor minutes note_no recorded_us": ELSEWHERE},
    "request_key": {"key fingerprint outcome recorded_us answer": OPENS_A_DOOR},
    "service_event": {"record_no no act actor minutes note_no recorded_us": ELSEWHERE},
    "service_record": {"end_us unit stated_by revision is_flagged": BOOKKEEPING},
    "webhook": {
        "no url kinds secret state created_us actor told_no attempts": OF_THE_BANK,
        "next_us failing_us said lease lease_us": OF_THE_BANK,
    },
    "witness_log": {"origin vkey size root note": OF_THE_BANK},
}
"""Table: columns that are not given to a member, and why."""
HERE: Final = frozenset({"branch_id"})


def columns() -> set[tuple[str, str]]:
    """Return every column of the schema but the branch's number."""
    assert catalogue.MODELS
    tables = Row.metadata.sorted_tables
    return {(table.name, column.name) for table in tables for column in table.columns} - {
        (table.name, name) for table in tables for name in HERE
    }


def test_every_column_is_given_or_argued_not_to_be() -> None:
    """A new column is somebody's until it is decided otherwise."""
    given = [(table, name) for table, (_, names) in GIVEN.items() for name in names.split()]
    apart = [(table, name) for table, groups in APART.items() for names in groups for name in names.split()]
    decided = [*given, *apart]

    assert set() == columns() - set(decided)
    assert set() == set(decided) - columns()
    assert len(decided) == len(set(decided))


def test_every_part_is_a_part_of_the_export() -> None:
    """A part that was renamed or taken out would be given to nobody."""
    assert {part for part, _ in GIVEN.values()} <= set(MemberDataOut.__struct_fields__)


def test_whatever_can_be_erased_is_given() -> None:
    """Nothing is kept with the names that its subject cannot have."""
    names = {table.name for table in Row.metadata.sorted_tables if table.name.startswith("identity_")}

    assert names <= GIVEN.keys()
