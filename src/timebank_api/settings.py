"""What the service is told when it starts."""

from dataclasses import dataclass
from typing import Final

BODY_BYTES_MOST: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the books are and where to listen."""

    address: str
    """Of the database: `sqlite:///FILE` or `postgresql+psycopg://…`."""
    host: str = "127.0.0.1"
    port: int = 8000
    body_bytes_most: int = BODY_BYTES_MOST
