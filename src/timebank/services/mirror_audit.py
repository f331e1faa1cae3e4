"""The audit of mirrors: folders of logs, checked without any database (I-11)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from timebank.errors import BadLogKey, NotAMirror, NoteRefused, TimebankError
from timebank.ledger.audit import Fault
from timebank.reports.mirror import MirrorAudit, Unchecked
from timebank.services.audit_kept import NO_RECEIPT, KeptCheckpoint, KeptFile, notes_of
from timebank.services.audits import AuditReport
from timebank.translog.checkpoint import Checkpoint
from timebank.translog.mirror import CHECKPOINT, KEYS
from timebank.translog.note import Note, VerifierKey

Progress = Callable[[str, int, int], None]


def keys_of(texts: Sequence[str]) -> list[VerifierKey]:
    """Return public keys, each said as text, or by a file of keys, one a line.

    Raises:
        BadLogKey: one is neither.
    """
    keys = []
    for text in texts:
        try:
            keys.append(VerifierKey.parse(text))
        except BadLogKey:
            try:
                lines = Path(text).read_text(encoding="utf-8").splitlines()
            except (OSError, ValueError):
                raise BadLogKey from None
            said = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
            if not said:
                raise
            keys += map(VerifierKey.parse, said)
    return keys


def audit_mirrors(
    folder: Path,
    keys: Sequence[VerifierKey] = (),
    *,
    against: Sequence[KeptFile] = (),
    progress: Progress | None = None,
) -> AuditReport:
    """Check the mirror in a folder, or those in the folders in it.

    Args:
        folder: of one log, or of several as `timebank log export` writes them.
        keys: public keys from elsewhere; without any, those in the mirrors are believed.
        against: checkpoints and receipts that somebody kept; the logs must go on from them.
        progress: told the name, entries done and entries there are.

    Raises:
        NotAMirror: there is no mirror.
    """
    audits: dict[str, MirrorAudit] = {}
    for place, name in _mirrors_in(folder):
        audits[name] = audit = _audit_of(place, name, keys, progress)
        try:
            audit.run()
        except OSError:
            audit.fault("unreadable", "", "a file cannot be read")
    check = _Kept(audits)
    for file in against:
        check.check(file)
    faults = [fault for audit in audits.values() for fault in audit.faults]
    folds = [audit.fold for audit in audits.values() if audit.fold is not None]
    return AuditReport(
        faults=tuple(sorted({*faults, *check.faults})),
        branches=len(audits),
        entries=sum(audit.said.size for audit in audits.values() if audit.said is not None),
        checked=sum(fold.entries for fold in folds),
        accounts=sum(len(fold.accounts) for fold in folds),
        outside_limits=(),
        is_kept=False,
        kept=tuple(check.confirmed),
    )


def _mirrors_in(folder: Path) -> list[tuple[Path, str]]:
    if any((folder / name).exists() for name in (CHECKPOINT, KEYS, "tile")):
        return [(folder, folder.resolve().name)]
    try:
        inner = sorted(each for each in folder.iterdir() if each.is_dir())
    except OSError:
        raise NotAMirror(folder=folder.name) from None
    if not inner:
        raise NotAMirror(folder=folder.name)
    return [(each, each.name) for each in inner]


def _audit_of(place: Path, name: str, keys: Sequence[VerifierKey], progress: Progress | None) -> MirrorAudit:
    def read(path: str, most: int) -> bytes | None:
        try:
            with (place / path).open("rb") as stream:
                return stream.read(most + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def paths() -> Iterator[str]:
        for each in place.rglob("*"):
            if not each.is_dir() or each.is_symlink():
                yield each.relative_to(place).as_posix()

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(name, done, total)

    return MirrorAudit(read, paths, trusted=keys, name=f"{name}/", progress=tell)


@dataclass(slots=True)
class _Kept:
    """Checks what somebody kept against mirrors, as `audit_kept` does against a database."""

    audits: dict[str, MirrorAudit]
    faults: list[Fault] = field(default_factory=list)
    confirmed: list[KeptCheckpoint] = field(default_factory=list)

    def check(self, file: KeptFile) -> None:
        """Check every checkpoint in a file."""
        try:
            found = [(note, Checkpoint.parse(note.text)) for note in notes_of(file.data)]
        except TimebankError as error:
            self.faults.append(Fault(file.name, "kept_invalid", str(error)))
            return
        except NO_RECEIPT:
            what = "it is neither a checkpoint nor a receipt"
            self.faults.append(Fault(file.name, "kept_invalid", what))
            return
        for note, said in found:
            self._check_one(file.name, note, said)

    def _check_one(self, file: str, note: Note, said: Checkpoint) -> None:
        place = f"{file} checkpoint {said.size}"
        audits = [
            (name, audit)
            for name, audit in self.audits.items()
            if audit.said is not None and audit.said.origin == said.origin
        ]
        if not audits:
            self.faults.append(Fault(place, "kept_foreign", "it is of none of the logs here"))
        for name, audit in audits:
            signers = [key for key in audit.keys if any(map(key.made, note.signatures))]
            signers = [key for key in signers if key.name == said.origin]
            if not signers:
                self.faults.append(
                    Fault(place, "kept_unsigned", "no key that is named for its log signed it")
                )
                continue
            try:
                for key in signers:
                    key.verify(note)
            except NoteRefused:
                what = "a signature by a named key does not verify"
                self.faults.append(Fault(place, "kept_forged", what))
                continue
            self._compare(place, file, name, audit, said)

    def _compare(self, place: str, file: str, name: str, audit: MirrorAudit, said: Checkpoint) -> None:
        assert audit.said is not None, "it was looked for"
        if said.size > audit.said.size:
            what = f"the log in {name} has {audit.said.size} entries"
            self.faults.append(Fault(place, "kept_ahead", what))
            return
        try:
            root = audit.root_of(said.size)
        except Unchecked:
            root = b""
        if root != said.root:
            what = f"the entries in {name} are not those that were signed"
            self.faults.append(Fault(place, "kept_differs", what))
        else:
            self.confirmed.append(KeptCheckpoint(file=file, branch=name, size=said.size))
