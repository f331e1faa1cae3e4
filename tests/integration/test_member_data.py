"""Everything that is held on a member, for them to have: nothing personal left out, nobody else in it."""

import json
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

from sqlalchemy import select
from tests.builders import NOW, a_bank, a_branch, help_given
from tests.integration.worlds import a_world

from timebank.care.access import AccessRole
from timebank.cli.wire_data import member_data
from timebank.services.bank import Bank
from timebank.storage.columns import Row, table_of
from timebank.storage.profiles import ALL as OF_PROFILES
from timebank.storage.tables_identity import AliasRow, NoteRow, PersonRow

PERSONAL: tuple[type[Row], ...] = (PersonRow, NoteRow, AliasRow)
NUMBERS = {"branch_id", "no"}


def held(bank: Bank, ref: str) -> str:
    """Return what is held on a member, as one text."""
    return json.dumps(member_data(bank.members.export_data("lille", ref)), ensure_ascii=False)


def test_every_personal_column_of_the_schema_is_in_it(tmp_path: Path) -> None:
    """Whatever the identity store keeps of a member: one value of each column can be found."""
    bank = a_branch(tmp_path)
    file = BytesIO(b"number,name,email,phone,language\n7,Sample Newcomer,s@example.org,+33 0,fr\n")
    bank.imports.members("lille", file)
    bank.members.rename("lille", "m7", name="Sample Newcomer", email="s@example.org", phone="+33 0")
    bank.transfers.transfer(
        "lille",
        debit_path="member:m7:available",
        credit_path="member:m1:available",
        minutes=5,
        reason="Sample words",
    )
    text = held(bank, "m7")

    with bank.store.read() as tx:
        for row in PERSONAL:
            table = table_of(row)
            kept = tx.connection.execute(select(table)).mappings().all()
            for column in set(table.c.keys()) - NUMBERS:
                values = {each[column] for each in kept} - {None}
                theirs = {value for value in values if json.dumps(value, ensure_ascii=False)[1:-1] in text}
                assert theirs or column == "note", f"{table.name}.{column}"
    bank.close()


def test_how_a_member_signs_in_is_in_it_and_nothing_that_opens_a_door(tmp_path: Path) -> None:
    """When and where to, of this member alone; no hash, no digest."""
    bank = a_branch(tmp_path)
    invited = bank.invitations.issue("lille", role=AccessRole.MEMBER, ref="m1")
    bank.invitations.issue("lille", role=AccessRole.MEMBER, ref="m2")
    bank.sign_in.accept(invited.code or "", password="sample horse in a field", email="s@example.org")
    linked = bank.invitations.issue("lille", role=AccessRole.MEMBER, ref="m1")
    bank.sign_in.link(linked.code or "", issuer="https://id.example.org", subject="sample subject")

    ways = bank.members.export_data("lille", "m1").ways_in
    text, others = held(bank, "m1"), bank.members.export_data("lille", "m2").ways_in

    assert ("s@example.org", NOW, (NOW,)) == (ways.email, ways.password_changed_at, ways.linked_at)
    assert [(1, NOW), (3, NOW)] == [(each.no, each.used_at) for each in ways.invitations]
    assert "s@example.org" in text
    assert "argon2" not in text
    assert "sample subject" not in text
    assert (None, None, (), [2]) == (
        others.email,
        others.password_changed_at,
        others.linked_at,
        [each.no for each in others.invitations],
    )
    assert "s@example.org" not in repr(ways)
    bank.close()


def test_everything_that_matching_knows_of_a_member_is_in_it(tmp_path: Path) -> None:
    """One value of each column of the identity store's tables about matching, and every match of theirs."""
    bank = a_bank(tmp_path, clock=a_world(tmp_path))
    texts = held(bank, "m4") + held(bank, "m2")

    with bank.store.read() as tx:
        for table in OF_PROFILES:
            rows = tx.connection.execute(select(table)).mappings().all()
            assert rows, table.name
            for column in set(table.c.keys()) - {"branch_id"}:
                values = {each[column] for each in rows} - {None}
                assert values, f"{table.name}.{column}"
                assert any(said(value) in texts for value in values), f"{table.name}.{column}"
    matches = {ref: bank.members.export_data("lille", ref).matches for ref in ("m4", "m1", "m2")}
    assert {"m4": [2, 1], "m1": [2], "m2": []} == {
        ref: [each.no for each in found] for ref, found in matches.items()
    }
    bank.close()


def said(value: object) -> str:
    """Return how a stored value stands in what is handed out; lists of codes by their first."""
    return json.dumps(value.split()[0] if isinstance(value, str) and value else value).strip('"')


def test_erasing_a_member_erases_all_that_matching_knew(tmp_path: Path) -> None:
    """On either side of a pair; the matches stay, with references only, and what was to come is off."""
    bank = a_bank(tmp_path, clock=a_world(tmp_path))

    for ref in ("m4", "m2", "m1"):
        bank.members.erase("lille", ref)

    with bank.store.read() as tx:
        left = {table.name: len(tx.connection.execute(select(table)).all()) for table in OF_PROFILES}
    assert dict.fromkeys(left, 0) == left
    assert ["withdrawn", "declined"] == [each.state for each in bank.matches.list("lille")]
    assert bank.audits.run().ok
    bank.close()


def test_nobody_else_s_name_is_in_it_and_an_erased_member_has_none(tmp_path: Path) -> None:
    """Others are there by reference only; what was erased is gone from here, too."""
    bank = a_branch(tmp_path)
    help_given(bank)
    token = bank.tokens.issue("lille", role=AccessRole.MEMBER, ref="m1")
    before = held(bank, "m1")
    bank.members.erase("lille", "m1")
    after = bank.members.export_data("lille", "m1")

    assert "Sample Member 1" in before
    assert "Sample Member 2" not in before
    assert str(token.text) not in before
    assert after.identity is None
    assert "Sample Member 1" not in str(asdict(after))
    assert 1 == len(after.records)
    bank.close()
