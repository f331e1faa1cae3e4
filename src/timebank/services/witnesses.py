"""Witnesses of a branch's log: asked for cosignatures, so that nobody can be shown another history (I-11)."""

from collections.abc import Callable
from dataclasses import dataclass

from timebank.care.mandate import require_coordinator
from timebank.errors import WitnessAhead, WitnessAnswerRefused, WitnessSawAnother
from timebank.services.log import Log, witness_key
from timebank.services.service import Service, Who, act_in
from timebank.services.witness_post import Answer, address_of, post
from timebank.storage.log_book import SignedCheckpoint
from timebank.translog.note import VerifierKey, parse_note
from timebank.translog.tree import consistency_proof
from timebank.translog.witness import (
    CONFLICT,
    SIZE_TYPE,
    UNPROCESSABLE,
    AddCheckpoint,
    OldSize,
    read_answer,
)

ASKS_MOST = 3
"""A witness that names another size each time is left alone."""
Post = Callable[..., Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A checkpoint that a witness cosigned."""

    branch: str
    witness: str
    """The name of its key."""
    checkpoint: SignedCheckpoint
    line: str
    """The signature line, to be put below the checkpoint."""
    since: int
    """How many entries of the log the witness had seen before."""

    @property
    def note(self) -> str:
        """The checkpoint with this cosignature."""
        return f"{self.checkpoint.note}{self.line}\n"


class Witnesses(Service):
    """Use cases on witnesses."""

    def ask(self, branch: str, url: str, vkey: str, *, by: Who | None = None, post: Post = post) -> Cosigned:
        """Ask a witness to cosign the whole log as it is; what it signs is verified, and kept.

        Asked again for the same checkpoint, the witness signs again, and the first cosignature stays.

        Args:
            branch: whose log; it is signed if it has grown since it last was.
            url: where the witness is, with or without `/add-checkpoint`.
            vkey: the witness's public key, as it was published; of cosignatures.
            by: a coordinator.
            post: sends a request.

        Raises:
            UnknownBranch, NotAllowed: there is no such branch, or not a coordinator.
            BadLogKey, BadWitnessUrl: the key or the address is none.
            WitnessUnreachable, WitnessAnswerRefused: it gives no answer, or no cosignature; nothing is kept.
            WitnessAhead, WitnessSawAnother: it has seen a history that is not this one.
            Others: as `Log.checkpoint`.
        """
        key, address = witness_key(vkey), address_of(url)
        with self.store.read() as tx:
            require_coordinator(act_in(tx.books(branch), self.actor(by)), branch)
        signed = Log(self.store, self.default_actor).checkpoint(branch)
        asking = _Asking(branch, signed, key, lambda body: post(address, body, witness=key.name))
        with self.store.read() as tx:
            since = tx.books(branch).checkpoints.cosigned_by(key.name)
        line, since = self._asked(asking, since)
        with self.store.write() as tx:
            tx.books(branch).checkpoints.cosign(signed.size, key.name, line)
        return Cosigned(branch=branch, witness=key.name, checkpoint=signed, line=line, since=since)

    def _asked(self, asking: "_Asking", since: int) -> tuple[str, int]:
        """Return the cosignature's line, and the size that the witness had seen before."""
        branch, size, name = asking.branch, asking.signed.size, asking.key.name
        note = parse_note(asking.signed.note.encode())
        for _ in range(ASKS_MOST):
            request = AddCheckpoint(old_size=since, hashes=self._proof(branch, since, size), note=note)
            said = asking.post(str(request).encode())
            if said.status in {CONFLICT, UNPROCESSABLE} and not _names_size(said):
                raise WitnessSawAnother(witness=name, branch=branch, status=said.status)
            found = read_answer(said.status, said.content_type, said.body, note=note, keys=(asking.key,))
            if not isinstance(found, OldSize):
                return found[0].line, since
            if found.size > size:
                raise WitnessAhead(witness=name, branch=branch, seen=found.size, size=size)
            since = found.size
        raise WitnessAnswerRefused(status=CONFLICT)

    def _proof(self, branch: str, since: int, size: int) -> tuple[bytes, ...]:
        with self.store.read() as tx:
            return consistency_proof(since, size, tx.books(branch).log.nodes())


@dataclass(frozen=True, slots=True)
class _Asking:
    """What is asked of whom."""

    branch: str
    signed: SignedCheckpoint
    key: VerifierKey
    post: Callable[[bytes], Answer]


def _names_size(said: Answer) -> bool:
    """Tell whether a conflict says which size the witness knows."""
    return said.status == CONFLICT and said.content_type == SIZE_TYPE
