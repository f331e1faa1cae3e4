"""The server: uvicorn, one process, until it is interrupted."""

import uvicorn

from timebank_api.app import create_app
from timebank_api.settings import Settings

GRACE_SECONDS = 10
"""How long requests in flight may take when the server is told to end."""


def serve(address: str, *, host: str, port: int) -> None:
    """Serve a database until the process is interrupted; every request in flight gets its answer."""
    app = create_app(Settings(address=address, host=host, port=port))
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
