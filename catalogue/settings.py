"""Writes docs/settings.md: every setting of every service, by the name of its environment variable."""

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python
from pydantic_settings import BaseSettings

from catalogue.code_base import import_everything, part_of
from catalogue.markdown import code, page, table
from catalogue.type_names import type_name
from shared.settings import IssuerSettings, ServiceSettings

_HEAD = ("variable", "type", "default", "what it says")
_INTRO = (
    "Environment variables, read once at start; one that is missing or wrong is named, and the service does not start. "
    "Lists and objects are JSON, durations ISO 8601. Telemetry follows the standard `OTEL_*` variables; nothing leaves the process "
    "unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set."
)


def settings_page() -> str:
    return page(
        "Settings",
        _INTRO,
        "## Every service",
        _table(ServiceSettings, ServiceSettings.model_fields),
        "Each issuer in `SERMENT_ISSUERS` is an object:",
        _table(IssuerSettings, IssuerSettings.model_fields),
        *(part for kind in every_settings() for part in _own(kind)),
    )


def every_settings() -> list[type[BaseSettings]]:
    """The settings classes of the processes, by name of the process."""
    import_everything()
    return sorted(_leaves(BaseSettings), key=lambda kind: part_of(kind.__module__))


def _leaves(kind: type[BaseSettings]) -> Iterator[type[BaseSettings]]:
    ours = [child for child in kind.__subclasses__() if child.__module__.split(".")[0] in {"shared", "services", "deploy"}]
    for child in ours:
        yield from _leaves(child)
    if not ours and kind is not ServiceSettings:
        yield kind


def _own(kind: type[BaseSettings]) -> list[str]:
    inherited = ServiceSettings.model_fields if issubclass(kind, ServiceSettings) else {}
    own = {name: field for name, field in kind.model_fields.items() if name not in inherited}
    return [f"## {part_of(kind.__module__)}", _table(kind, own)]


def variable(kind: type[BaseModel], name: str) -> str:
    """The field's own name when it is part of an object."""
    return f"{kind.model_config.get('env_prefix', '')}{name}".upper() if issubclass(kind, BaseSettings) else name


def _table(kind: type[BaseModel], fields: dict[str, FieldInfo]) -> str:
    rows = [
        (code(variable(kind, name)), code(type_name(field.annotation)), _default(field), field.description or "")
        for name, field in fields.items()
    ]
    return table(_HEAD, rows)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True, validated_data={})
    return "none" if default is None else code(to_jsonable_python(default))
