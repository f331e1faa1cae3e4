"""The page that explains the service to people, and is no part of it."""

from litestar import MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException

from timebank.care.access import AccessToken
from timebank_api.description import PUBLIC, description_of
from timebank_api.docs_page import POLICY, page_of


@get(
    "/docs",
    operation_id="docs_page",
    include_in_schema=False,
    media_type=MediaType.HTML,
    opt={PUBLIC: True},
    sync_to_thread=True,
)
def docs_page(request: Request[AccessToken, None, State]) -> Response[str]:
    """Show the description as a page, made once; to anybody.

    Raises:
        NotFoundException: the settings want none.
    """
    state = request.app.state
    if not state.settings.docs_page:
        raise NotFoundException
    if "docs_page" not in state:
        state.docs_page = page_of(description_of(request.app))
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    return Response(state.docs_page, media_type=MediaType.HTML, headers=headers)
