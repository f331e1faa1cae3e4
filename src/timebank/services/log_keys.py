"""Private keys of logs: in files for their owner only, or in a variable of the environment.

Never in the database, a log line or an error. A file is `<branch>-<key id>.key` in the key folder, mode 0600;
the folder is 0700.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Final

from timebank.errors import (
    BadLogKey,
    LogKeyDiffers,
    LogKeyExposed,
    LogKeyMalformed,
    LogKeyMissing,
    LogKeyUnreadable,
    NoKeyFolder,
)
from timebank.services.log_places import FOLDER_VARIABLE, KEY_VARIABLE
from timebank.storage.log_book import LogKey
from timebank.translog.note import KEY_BYTES, SignerKey, VerifierKey

BESIDE: Final = ".keys"
FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
OTHERS: Final = 0o077
KEY_CHARACTERS_MOST: Final = 1_000


def variable_of(branch: str) -> str:
    """Return the variable that may hold the private key of a branch."""
    return KEY_VARIABLE + branch.upper().replace("-", "_")


def make_key(origin: str) -> SignerKey:
    """Return a new private key.

    Raises:
        BadLogKey: the origin is no name of a key.
    """
    return SignerKey(origin, token_bytes(KEY_BYTES))


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Where the private keys of a database's logs are."""

    folder: Path | None
    environment: Mapping[str, str]

    @classmethod
    def of(
        cls,
        file: Path | None,
        environment: Mapping[str, str] | None = None,
        *,
        folder: Path | None = None,
    ) -> "KeyRing":
        """Return the key ring of a database.

        Args:
            file: of an SQLite database: keys are beside it unless `TIMEBANK_LOG_KEYS` says otherwise.
            environment: variables; those of the process by default.
            folder: where keys are, whatever the environment says.
        """
        variables = os.environ if environment is None else environment
        if folder is not None:
            return cls(folder, variables)
        said = variables.get(FOLDER_VARIABLE)
        if said:
            return cls(Path(said), variables)
        return cls(None if file is None else file.with_name(file.name + BESIDE), variables)

    def find(self, branch: str, key: LogKey) -> SignerKey:
        """Return the private half of a key.

        Raises:
            LogKeyMissing: it is nowhere.
            NoKeyFolder, LogKeyUnreadable, LogKeyExposed, LogKeyMalformed, LogKeyDiffers: as they say.
        """
        variable = variable_of(branch)
        said = self.environment.get(variable)
        if said is not None:
            return self._read(said, variable, branch, key)
        place = self._file(branch, VerifierKey.parse(key.vkey))
        try:
            described = place.stat()
            self._insist(place.parent, FOLDER_MODE)
            if described.st_mode & OTHERS:
                raise LogKeyExposed(place=place, mode=f"{FILE_MODE:o}")
            with place.open(encoding="utf-8") as opened:
                text = opened.read(KEY_CHARACTERS_MOST)
        except FileNotFoundError:
            raise LogKeyMissing(branch=branch, no=key.no, place=place, variable=variable) from None
        except UnicodeDecodeError:
            raise LogKeyMalformed(place=place) from None
        except OSError as error:
            raise LogKeyUnreadable(place=place, problem=error.strerror) from None
        return self._read(text, place, branch, key)

    def keep(self, branch: str, key: SignerKey) -> Path:
        """Write a private key into its file, which is new; returns where.

        Raises:
            NoKeyFolder, LogKeyUnreadable, LogKeyExposed: it cannot be kept, or not as it should be.
        """
        place = self._file(branch, key.verifier)
        try:
            place.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
            self._insist(place.parent, FOLDER_MODE)
            handle = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
            with os.fdopen(handle, "w", encoding="utf-8") as opened:
                opened.write(key.text + "\n")
                opened.flush()
                os.fsync(opened.fileno())
        except OSError as error:
            raise LogKeyUnreadable(place=place, problem=error.strerror) from None
        return place

    def _file(self, branch: str, key: VerifierKey) -> Path:
        if self.folder is None:
            raise NoKeyFolder
        return self.folder / f"{branch}-{key.key_id.hex()}.key"

    @staticmethod
    def _insist(folder: Path, mode: int) -> None:
        if stat.S_IMODE(folder.stat().st_mode) & OTHERS:
            raise LogKeyExposed(place=folder, mode=f"{mode:o}")

    @staticmethod
    def _read(text: str, place: object, branch: str, key: LogKey) -> SignerKey:
        try:
            signer = SignerKey.parse(text.strip())
        except BadLogKey:
            raise LogKeyMalformed(place=place) from None
        if str(signer.verifier) != key.vkey:
            raise LogKeyDiffers(place=place, no=key.no, branch=branch)
        return signer
