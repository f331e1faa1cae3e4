"""Signing in on PostgreSQL: the same doors, with the same rows behind them."""

import pytest
from tests.builders import JOINED_ON, NOW
from tests.postgres import raw

from timebank.clock import SteppingClock
from timebank.errors import InvitationRefused, SignInRefused, TokenRefused
from timebank.services.bank import open_bank


def test_who_signs_in_on_a_server_goes_with_everything_when_erased(postgres: str) -> None:
    """Invited, in with a password, a code and a provider's word, erased, out."""
    bank = open_bank(postgres, clock=SteppingClock(NOW))
    bank.branches.create("lille", name="Sample branch")
    bank.members.add("lille", name="Sample Member 1", ref="m1", joined_on=JOINED_ON)
    invited = [bank.invitations.issue("lille", ref="m1").code or ""]
    bank.sign_in.accept(invited[0], password="zebra crossing 7", email="m1@mail.example")
    session = bank.sign_in.with_password("lille", ref="m1", password="zebra crossing 7")
    invited.append(bank.invitations.issue("lille", ref="m1").code or "")
    bank.sign_in.link(invited[1], issuer="https://login.example", subject="s")
    bank.sign_in.with_subject("lille", issuer="https://login.example", subject="s")
    asked = bank.sign_in.ask_code("lille", ref="m1")
    assert asked.letter is not None
    with pytest.raises(SignInRefused):
        bank.sign_in.with_code(asked.ticket, "wrong")
    bank.sign_in.with_code(asked.ticket, asked.letter.code)
    assert session.token == bank.tokens.find(session.text)

    bank.members.erase("lille", "m1")

    for code in invited:
        with pytest.raises(InvitationRefused):
            bank.sign_in.accept(code, password="zebra crossing 7")
    with pytest.raises(TokenRefused):
        bank.tokens.find(session.text)
    with pytest.raises(SignInRefused):
        bank.sign_in.with_subject("lille", issuer="https://login.example", subject="s")
    bank.close()
    with raw(postgres) as connection:
        for table in ("credential", "mail_code", "openid_subject", "identity_address"):
            assert [] == connection.execute(f"SELECT * FROM {table}").fetchall()
