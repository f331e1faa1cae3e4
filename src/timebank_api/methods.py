"""Methods: what OPTIONS answers. The framework forgets those of a path that were added later."""

from typing import Any

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope


async def say_methods(message: Message, scope: Scope) -> None:
    """Name in `Allow` every method that a path has."""
    if message["type"] != "http.response.start" or scope.get("method") != "OPTIONS":
        return
    headers = MutableScopeHeaders.from_message(message)
    if "allow" in headers:
        template = scope.get("path_template")
        routes: list[Any] = scope["litestar_app"].routes
        methods = {each for route in routes if route.path_format == template for each in route.methods}
        headers["Allow"] = ", ".join(sorted(methods))
