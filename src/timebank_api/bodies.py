"""Bodies: read strictly, before a handler sees them.

The framework would take "90" for 90, as it must in a query; in a body that is somebody's mistake.
"""

import re
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.exceptions import ClientException, ValidationException

JSON: Final = "application/json"
PLACE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
"""How msgspec says what is wrong, and where."""


class UnsupportedMediaType(ClientException):
    """The body is in another form than JSON."""

    status_code = 415


async def read_strictly(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that is not, value for value, as it is described.

    Raises:
        UnsupportedMediaType: it is no JSON.
        ValidationException: it is malformed.
    """
    described = request.route_handler.parsed_data_field
    if described is None:
        return
    if request.content_type[0] != JSON:
        raise UnsupportedMediaType
    try:
        msgspec.json.decode(await request.body(), type=described.annotation, strict=True)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        found = PLACE.match(str(error))
        path, what = (found["path"] or "", found["what"]) if found is not None else ("", "")
        raise ValidationException(extra=[{"key": path, "message": what}]) from None
