"""Runs an application on uvicorn until it is told to stop, without an access log: an address may name a patient."""

from typing import Any

import uvicorn


def serve(app: Any, *, host: str, port: int, proxy_headers: bool = True) -> None:
    """Answers under way get ten seconds. `proxy_headers` is whether a proxy on this machine may say where a caller is."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        proxy_headers=proxy_headers,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=10,
    )
