"""Programs that are not ours say the same: pymerkle of roots, sigstore of proofs, openssl of signatures."""

import base64
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from pymerkle import InmemoryTree  # type: ignore[import-untyped]
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore.errors import VerificationError
from tests.unit.translog.receipts import LOCMINE, Log

from timebank.translog.tree import inclusion_proof, root_of

LOG = Log(LOCMINE, 200)
# An Ed25519 public key in DER is these twelve bytes and the key (RFC 8410).
DER = bytes.fromhex("302a300506032b6570032100")


def test_pymerkle_has_the_same_roots_and_proofs() -> None:
    """Its proofs of inclusion list what ours do, and the leaf; those of consistency have another form."""
    tree = InmemoryTree(algorithm="sha256")
    for size, entry in enumerate(LOG.entries, 1):
        tree.append_entry(entry.encode())
        assert root_of(LOG.leaves[:size]) == tree.get_root()
    for size in (1, 2, 7, 64, 100, 200):
        for index in range(0, size, 7):
            path = tree.prove_inclusion(index + 1, size).path  # it counts from one
            ours = inclusion_proof(index, size, LOG.nodes)
            assert sorted([LOG.leaves[index], *ours]) == sorted(path)


def accepts(index: int, size: int, hashes: tuple[bytes, ...], entry: bytes, root: bytes) -> bool:
    """Ask sigstore about an inclusion proof."""
    proof = SimpleNamespace(log_index=index, tree_size=size, hashes=list(hashes), root_hash=root)
    inner = SimpleNamespace(inclusion_proof=proof, canonicalized_body=entry)
    check: Callable[[object], None] = verify_merkle_inclusion  # type: ignore[assignment]
    try:
        check(SimpleNamespace(_inner=inner))
    except VerificationError:
        return False
    return True


def test_sigstore_accepts_our_inclusion_proofs_and_no_others() -> None:
    """For each leaf of several sizes; one hash less, or another entry, is refused."""
    for size in (1, 2, 7, 64, 100, 200):
        root = root_of(LOG.leaves[:size])
        for index in range(size):
            hashes = inclusion_proof(index, size, LOG.nodes)
            entry = LOG.entries[index].encode()
            assert accepts(index, size, hashes, entry, root)
            assert not accepts(index, size, hashes, entry + b" ", root)
            assert not accepts(index, size, (*hashes, root), entry, root)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_our_checkpoints(tmp_path: Path) -> None:
    """With the text and the bytes of the signature alone; another text is refused."""
    note = LOG.note()
    pem = "-----{} PUBLIC KEY-----\n".format
    key = base64.b64encode(DER + LOCMINE.verifier.public).decode()
    (tmp_path / "key.pem").write_text(f"{pem('BEGIN')}{key}\n{pem('END')}")
    (tmp_path / "signature").write_bytes(note.signatures[0].signature)

    def verifies(text: str) -> bool:
        (tmp_path / "text").write_text(text)
        command = [
            "openssl",
            "pkeyutl",
            "-verify",
            "-rawin",
            "-pubin",
            "-inkey",
            "key.pem",
            "-sigfile",
            "signature",
            "-in",
            "text",
        ]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0

    assert verifies(note.text)
    assert not verifies(LOG.note(199).text)
