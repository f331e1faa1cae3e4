"""The service: volunteers log hours and families redeem them over HTTP. No rule lives here."""

from timebank_api.app import create_app
from timebank_api.settings import Settings

__all__ = ["Settings", "create_app"]
