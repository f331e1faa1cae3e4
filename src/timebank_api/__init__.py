"""The service: volunteers log hours and families redeem them over HTTP. No rule lives here."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from timebank_api.app import create_app
    from timebank_api.settings import Settings

__all__ = ["Settings", "create_app"]


def __getattr__(name: str) -> object:
    """Load what is asked for: who only wants to know the settings' names needs no web framework."""
    if name == "create_app":
        from timebank_api.app import create_app  # noqa: PLC0415 - as above

        return create_app
    if name == "Settings":
        from timebank_api.settings import Settings  # noqa: PLC0415 - as above

        return Settings
    raise AttributeError(name)
