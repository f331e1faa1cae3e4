"""Everything that is held on a member, for them to have: nothing personal left out, nobody else in it."""

import json
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

from sqlalchemy import select
from tests.builders import a_branch, help_given

from timebank.care.access import AccessRole
from timebank.cli.wire_data import member_data
from timebank.services.bank import Bank
from timebank.storage.columns import Row, table_of
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
