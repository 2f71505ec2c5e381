"""Runs `records` as `services/records/main.py` does, but with a small key cache.

`python -m bench.serving --capacity 0` takes the settings of `records` from the environment, as the service does.
"""

import argparse
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from services.records.reading.hot_read import HotRead
from services.records.resources import RecordsResources, open_resources
from services.records.sealer import Sealer
from services.records.settings import RecordsSettings
from shared.http import create_app
from shared.keyring import Keyring
from shared.serving import serve
from shared.telemetry import open_telemetry


def small_cache_app(settings: RecordsSettings, *, capacity: int) -> Any:
    """The protected read of `records`, whose data keys come from a keyring that remembers at most `capacity` owners.

    `/bench/keyring` tells how many lookups that memory answered.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as has:
            database = has.keyring_mongo.database(settings.keyring_database)
            app.state.keyring = Keyring(database, vault=has.vault, kek=settings.kek, site=settings.site, capacity=capacity)
            app.state.desk = dataclasses.replace(has.desk, sealer=Sealer(app.state.keyring, site=settings.site))
            app.state.resources = has
            yield

    app = create_app("Serment records, measured", lifespan=lifespan, pings=lambda app: _resources(app).pings())

    @app.get("/bench/keyring")
    async def told() -> dict[str, int]:
        return {"hits": app.state.keyring.hits, "misses": app.state.keyring.misses}

    return HotRead(app, desk=lambda: app.state.desk, identities=lambda: _resources(app).identities)


def _resources(app: FastAPI) -> RecordsResources:
    return app.state.resources  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--capacity", type=int, required=True)
    settings = RecordsSettings()
    open_telemetry("records", instance=settings.instance, level=settings.log_level)
    app = small_cache_app(settings, capacity=parser.parse_args().capacity)
    serve(app, host=settings.host, port=settings.port, proxy_headers=False)


if __name__ == "__main__":
    main()
