"""What requests say, the same in every route."""

from typing import Annotated, Final

from litestar import Request
from litestar.datastructures import State
from litestar.params import HeaderParameter, PathParameter, QueryParameter

from timebank.care.access import AccessToken
from timebank.services.bank import Bank
from timebank_api.problems import KEY_HEADER

ACTING_HEADER: Final = "Timebank-Acting-For"
"""For whom somebody comes, and under which mandate; see `acting`."""
NUMBER_MOST: Final = 2**53
"""Largest number that JSON readers keep exactly."""
PAGE_USUAL: Final = 50
PAGE_MOST: Final = 100
No = Annotated[int, PathParameter(ge=1, le=NUMBER_MOST)]
Branch = Annotated[str, PathParameter(max_length=40)]
Before = Annotated[int | None, QueryParameter(ge=1, le=NUMBER_MOST)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MOST)]
Key = Annotated[str, HeaderParameter(name=KEY_HEADER)]
Asking = Request[AccessToken, None, State]
"""A request of somebody with an access token."""


def bank_of(request: Asking) -> Bank:
    """Return the bank that the application works on."""
    bank: Bank = request.app.state.bank
    return bank
