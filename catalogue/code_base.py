"""Imports every module of the services, so that errors, events and settings have registered themselves."""

import importlib
import pkgutil
from functools import cache

import deploy.local.login
import services
import shared

_RUNS_AT_ONCE = "__main__"


@cache
def import_everything() -> None:
    for package in (shared, services, deploy.local.login):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(_RUNS_AT_ONCE):
                importlib.import_module(module.name)


def part_of(module: str) -> str:
    """`records` for what stands in services/records, `shared`, or `login` for the login page."""
    first, _, rest = module.partition(".")
    return {"services": rest.partition(".")[0], "deploy": "login"}.get(first, first)
