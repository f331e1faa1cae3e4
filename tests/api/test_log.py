"""Receipts and checkpoints over HTTP, and the log's files for everybody."""

from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.api.conftest import Service, opened
from tests.builders import NOW, address_in
from tests.integration.mirroring import files_in

from timebank.clock import SteppingClock
from timebank.ledger.batch import PostRequest
from timebank.ledger.model import credit, debit
from timebank.services.bank import Bank, open_bank
from timebank.translog import verifier
from timebank.translog.checkpoint import Checkpoint
from timebank.translog.note import VerifierKey, parse_note
from timebank.translog.tiles import entries_of
from timebank.translog.tree import leaf_of, root_of
from timebank_api import Settings, create_app
from timebank_api.signer import Signer

PATIENCE_SECONDS = 20


def books(service: Service) -> Bank:
    """Return the bank behind the service, whose log of lille has a key now."""
    bank: Bank = service.client.app.state.bank
    bank.log.new_key("lille")
    return bank


def test_a_receipt_verifies_without_the_bank(service: Service) -> None:
    """With nothing but the public key of the log, which comes another way."""
    (key,) = [each.vkey for each in books(service).log.keys("lille")]
    for who, path in (("desk", "/v1/receipts/1"), ("auditor", "/v1/receipts/1"), ("m1", "/v1/me/receipts/1")):
        answer = service.get(who, path)

        assert 200 == answer.status_code
        assert verifier.verify(answer.content, [key], known=[]).summary


def test_a_member_has_receipts_of_their_own_entries_only(service: Service) -> None:
    """What is somebody else's is as if it were not there."""
    books(service)
    mine = service.get("m1", "/v1/me/receipts").json()

    assert ["/v1/me/receipts/1"] == [each["receipt"] for each in mine]
    assert [] == service.get("m3", "/v1/me/receipts").json()
    foreign, missing = (service.get("m3", f"/v1/me/receipts/{no}") for no in (1, 99))
    assert (404, 404) == (foreign.status_code, missing.status_code)
    assert foreign.text.replace("entry 1 ", "") == missing.text.replace("entry 99 ", "")
    assert 404 == service.get("desk", "/v1/me/receipts").status_code


def test_every_line_of_a_statement_links_to_its_receipt(service: Service) -> None:
    """Where whoever reads it may have the receipt."""
    books(service)
    for who, path in (
        ("m1", "/v1/me/statement"),
        ("m1", "/v1/accounts/member:m1:available/lines"),
        ("desk", "/v1/members/m1/statement"),
    ):
        (line,) = service.get(who, path).json()
        assert 200 == service.get(who, line["receipt"]).status_code


def test_a_checkpoint_is_signed_once_for_each_size(service: Service) -> None:
    """However often somebody asks, under whatever key."""
    assert "no_log_key" == service.post("desk", "/v1/checkpoints").json()["code"]
    books(service)
    first = service.post("desk", "/v1/checkpoints", key="a")
    again = service.post("desk", "/v1/checkpoints", key="b")

    assert (201, first.json()) == (again.status_code, again.json())
    assert [first.json()] == service.get("m3", "/v1/checkpoints").json()
    assert 403 == service.post("m1", "/v1/checkpoints").status_code


def files(folder: Path, **how: Any) -> TestClient[Any]:  # noqa: ANN401
    """Return a client of a service with other settings."""
    settings = Settings(address=address_in(folder), webhooks="off", log_signs=False, **how)
    return TestClient(create_app(settings, clock=SteppingClock(NOW)))


def test_anybody_can_recompute_the_root_of_tiles(service: Service) -> None:
    """The files of the log say what its checkpoint says, and tiles are kept for ever."""
    assert 404 == service.get(None, "/log/lille/checkpoint").status_code
    bank = books(service)
    bank.log.checkpoint("lille")
    with files(service.folder, log_files="entries") as client:
        key = VerifierKey.parse(client.get("/log/lille/key").text.strip())
        answer = client.get("/log/lille/checkpoint")
        note = parse_note(answer.content)
        key.verify(note)
        said = Checkpoint.parse(note.text)
        tile = client.get(f"/log/lille/tile/0/000.p/{said.size}")
        bundle = client.get(f"/log/lille/tile/entries/000.p/{said.size}")

    leaves = [tile.content[at : at + 32] for at in range(0, len(tile.content), 32)]
    assert said.root == root_of(leaves)
    assert leaves == [leaf_of(each) for each in entries_of(bundle.content)]
    assert "immutable" in tile.headers["Cache-Control"]
    assert "immutable" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize("what", ["hashes", "entries"])
def test_a_mirror_is_what_the_service_gives(service: Service, tmp_path: Path, what: str) -> None:
    """Byte for byte, every file of it; and the service has no bundle that a mirror of hashes has not."""
    bank = books(service)
    wish = PostRequest(postings=(debit("member:m1:available", 1), credit("member:m2:available", 1)))
    for count in (3, 300):
        bank.entries.post_many("lille", [wish] * count)
        bank.mirrors.export(tmp_path / "mirror", ["lille"], with_entries=what == "entries")
    mirror = files_in(tmp_path / "mirror")
    with files(service.folder, log_files=what) as client:
        served = {name: client.get(f"/log/{name}") for name in mirror}
        bundle = client.get("/log/lille/tile/entries/000")

    assert mirror == {name: each.content for name, each in served.items()}
    assert {200} == {each.status_code for each in served.values()}
    assert (what == "entries") == (bundle.status_code == 200) == ("lille/tile/entries/000" in mirror)


@pytest.mark.parametrize(
    "path",
    [
        "lille/tile/entries/000.p/1",
        "lille/tile/0/000",
        "lille/tile/0/000.p/2",
        "lille/tile/0/000.p/256",
        "lille/tile/0/0",
        "lille/tile/1/000",
        "locmine/checkpoint",
        "nowhere/checkpoint",
        "nowhere/key",
    ],
)
def test_what_is_not_published_is_not_there(service: Service, path: str) -> None:
    """Entries unless the settings say so, tiles beyond the checkpoint, logs that nobody signed."""
    books(service).log.checkpoint("lille")
    answer = service.get(None, f"/log/{path}")

    assert (404, "no-store") == (answer.status_code, answer.headers["Cache-Control"])


def test_no_file_is_public_if_the_settings_say_so(service: Service) -> None:
    """Not even the key."""
    books(service).log.checkpoint("lille")
    with files(service.folder, log_files="off") as client:
        for path in ("checkpoint", "key", "tile/0/000.p/1"):
            assert 404 == client.get(f"/log/lille/{path}").status_code


def test_the_service_signs_what_has_grown(service: Service) -> None:
    """Without being asked; and it ends with the service."""
    bank = open_bank(address_in(service.folder))
    bank.log.new_key("lille")
    with opened(service.folder) as client:
        until = monotonic() + PATIENCE_SECONDS
        while client.get("/log/lille/checkpoint").status_code != 200 and monotonic() < until:
            sleep(0.05)
        assert 200 == client.get("/log/lille/checkpoint").status_code
    assert bank.log.show("lille").size == bank.log.checkpoints("lille")[0].size
    bank.close()


def test_a_key_that_is_gone_is_said_once(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """However long it is gone; then the log is signed again."""
    bank = books(service)
    folder = bank.log.ring.folder
    assert folder is not None
    (file,) = folder.iterdir()
    away = file.rename(folder / "away")
    signer = Signer(bank)
    signer.look()
    signer.look()

    assert {"lille": "LogKeyMissing"} == signer.refused
    assert 1 == sum("LogKeyMissing" in each.message for each in caplog.records if each.name == "timebank.log")
    away.rename(file)
    signer.look()
    assert {} == signer.refused
    assert 1 == len(bank.log.checkpoints("lille"))


def test_data_is_what_the_export_is(service: Service) -> None:
    """Under the name that people look for."""
    assert service.get("m1", "/v1/me/export").json() == service.get("m1", "/v1/me/data").json()
