"""What `timebank member export-data` prints: everything that is held on a member; see `wire`."""

from typing import TYPE_CHECKING

from timebank.cli import wire, wire_care, wire_listings, wire_matching
from timebank.cli.output import JsonObject
from timebank.cli.wire import instant
from timebank.instants import write_instant

if TYPE_CHECKING:
    from timebank.care.access import AccessToken
    from timebank.care.sign_in import WaysIn
    from timebank.services.member_data import MemberData


def member_data(data: "MemberData") -> JsonObject:
    """Write everything that is held on a member."""
    from timebank.services.members import MemberView

    who = data.identity
    return {
        "profile": {
            **wire.member(MemberView(member=data.member, identity=who)),
            "note": who.note if who is not None else None,
        },
        "aliases": [{"source": source, "party": party} for source, party in data.aliases],
        "accounts": [wire.statement(each) for each in data.statements],
        "records": [wire.record(each) for each in data.records],
        "holds": [wire.hold(each) for each in data.holds],
        "redemptions": [wire_care.redemption(each) for each in data.redemptions],
        "beneficiaries": [wire_care.beneficiary(each) for each in data.beneficiaries],
        "mandates": [wire_care.mandate(each) for each in data.mandates],
        "requests": [wire_listings.request(each) for each in data.requests],
        "offers": [wire_listings.offer(each) for each in data.offers],
        "matching": wire_matching.profile_view(data.matching),
        "wishes": [wire_matching.wish(each) for each in data.wishes],
        "matches": [wire_matching.match(each) for each in data.matches],
        "tokens": [_token(each) for each in data.tokens],
        "sign_in": _ways_in(data.ways_in),
        "notes": [{"about": about, "words": words} for about, words in data.notes],
        "details": [
            {"branch": each.branch, "entry": each.entry, "details": each.text, "secret": each.secret.hex()}
            for each in data.details
        ],
    }


def _ways_in(ways: "WaysIn") -> JsonObject:
    return {
        "email": ways.email,
        "password_changed_at": instant(ways.password_changed_at),
        "linked_at": [write_instant(at) for at in ways.linked_at],
        "invitations": [
            {
                "no": each.no,
                "created_at": write_instant(each.created_at),
                "expires_at": write_instant(each.expires_at),
                "used_at": instant(each.used_at),
                "revoked_at": instant(each.revoked_at),
            }
            for each in ways.invitations
        ],
    }


def _token(token: "AccessToken") -> JsonObject:
    return {
        "no": token.no,
        "created_at": write_instant(token.created_at),
        "expires_at": write_instant(token.expires_at),
        "revoked_at": instant(token.revoked_at),
    }
