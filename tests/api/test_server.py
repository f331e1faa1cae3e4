"""The server: where it listens."""

import socket

import pytest

from timebank.errors import PortTaken
from timebank_api.server import listen


def test_an_answer_does_not_wait_for_the_other_side_s_nod() -> None:
    """Who is let in inherits it: sent in two parts, an answer would take 40 ms longer."""
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        let_in, _ = listening.accept()
        with let_in:
            assert 1 == let_in.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_named() -> None:
    """With the code that says so."""
    with listen("127.0.0.1", 0) as listening, pytest.raises(PortTaken):
        listen("127.0.0.1", listening.getsockname()[1])
