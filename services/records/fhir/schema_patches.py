"""The corrections that make the published FHIR R4 schema refuse what the standard refuses, each counting the places it changes."""

from __future__ import annotations

from collections.abc import Iterator

from services.records.fhir.elements import FHIRPATH, Definitions, Element
from services.records.fhir.patterns import BASE64, CORRECTED, NARRATIVE

FOREIGN_PROPERTIES = {
    "DeviceDefinition": ("classification",),
    "HealthcareService": ("offeredIn",),
    "Meta": ("account", "author", "compartment", "project"),
    "ObservationDefinition": ("publisher",),
    "OperationOutcome": ("resource", "status"),
    "Reference": ("resource",),
}
WHOLE_NUMBERS = {
    r"^-?([0]|([1-9][0-9]*))$": -(2**31),
    r"^[0]|([1-9][0-9]*)$": 0,
    r"^[1-9][0-9]*$": 1,
}
LARGEST_WHOLE = 2**31 - 1
LARGEST_EXCLUSIVE_CHOICE = 20


def keep_official_types(definitions: Definitions, official: set[str]) -> int:
    """The package adds its own resource types and elements: they are taken out."""
    foreign = [name for name in definitions if not _is_official(name, official)]
    for name in foreign:
        del definitions[name]
    for name, members in FOREIGN_PROPERTIES.items():
        for member in members:
            del definitions[name]["properties"][member]
            definitions[name]["properties"].pop(f"_{member}", None)
    resources = definitions["ResourceList"]["oneOf"]
    resources[:] = [entry for entry in resources if entry["$ref"].rpartition("/")[2] in official]
    return len(foreign)


def _is_official(name: str, official: set[str]) -> bool:
    return name == "ResourceList" or (name.partition("_")[0] in official and name != "DeviceDefinition_Classification")


def refuse_empty_objects(definitions: Definitions) -> int:
    objects = [definition for definition in definitions.values() if "properties" in definition]
    for definition in objects:
        definition |= {"type": "object", "minProperties": 1}
    return len(objects)


def know_the_current_version(definitions: Definitions) -> int:
    lists = [member.get("items", member).get("enum", []) for _, member in members(definitions, "fhirVersion")]
    for versions in lists:
        versions.append("4.0.1")
    return len(lists)


def correct_patterns(definitions: Definitions) -> int:
    """Texts take no-break spaces and no control characters; dates are days of the calendar; a narrative is text."""
    texts = [text for text in _patterned(definitions) if text["pattern"] in CORRECTED]
    for text in texts:
        text["pattern"] = CORRECTED[text["pattern"]]
    definitions["xhtml"] |= {"type": "string", "pattern": NARRATIVE}
    definitions["base64Binary"]["pattern"] = BASE64
    return len(texts) + 2


def refuse_empty_lists(definitions: Definitions) -> int:
    lists = [member for _, member in members(definitions) if member.get("type") == "array"]
    for member in lists:
        member["minItems"] = 1
    return len(lists)


def require_primitives(found: list[Element]) -> int:
    """A required primitive may stand as its extension alone, such as a data-absent-reason."""
    wanted = [element for element in found if element.required and element.is_primitive and not element.is_choice]
    for element in wanted:
        plain = element.holder.setdefault("required", [])
        plain[:] = [name for name in plain if name != element.name]
        _demand(element.holder, _with_shadow(element.name, element.types[0]))
    return len(wanted)


def allow_one_choice(found: list[Element]) -> int:
    done = 0
    for element in found:
        names = element.choices() if element.is_choice and 1 < len(element.types) <= LARGEST_EXCLUSIVE_CHOICE else []
        for name in names:
            others = [{"required": [other]} for other in names if other != name]
            element.holder.setdefault("dependencies", {})[name] = {"not": {"anyOf": others}}
        done += bool(names)
    return done


def require_choices(found: list[Element]) -> int:
    wanted = [element for element in found if element.required and element.is_choice]
    for element in wanted:
        shapes = [_with_shadow(*choice) for choice in zip(element.choices(), element.types, strict=True)]
        _demand(element.holder, [name for shape in shapes for name in shape])
    return len(wanted)


def _with_shadow(name: str, code: str) -> list[str]:
    """Extension.url and the ids of elements are of FHIRPath's own type, and take no extension."""
    return [name, f"_{name}"] if code[0].islower() and not code.startswith(FHIRPATH) else [name]


def _demand(holder: Definitions, names: list[str]) -> None:
    if len(names) == 1:
        holder.setdefault("required", []).extend(names)
    else:
        holder.setdefault("allOf", []).append({"anyOf": [{"required": [name]} for name in names]})


def add_missing_shadows(found: list[Element]) -> int:
    """An extension on a canonical stands in `_x`, which the published schema forgot."""
    done = 0
    for element in found:
        shadow = f"_{element.name}"
        known = element.holder["properties"]
        if element.types == ("canonical",) and shadow not in known:
            item = {"$ref": "#/definitions/Element"}
            known[shadow] = {"type": "array", "items": item} if "items" in known[element.name] else item
            done += 1
    return done


def allow_gaps_in_primitive_lists(definitions: Definitions) -> int:
    """`"given": [null, "Anne"]` is sound when `_given` fills the gap; the code checks that it does."""
    done = 0
    for holder in definitions.values():
        known = holder.get("properties", {})
        for name in [name for name in known if f"_{name}" in known and "items" in known[name]]:
            for member in (known[name], known[f"_{name}"]):
                member["items"] = {"anyOf": [{"type": "null"}, member["items"]]}
            done += 1
    return done


def refuse_fractions(definitions: Definitions) -> int:
    """FHIR's whole numbers have 32 bits; the published patterns say nothing about numbers."""
    numbers = [number for number in _patterned(definitions) if number.get("type") == "number" and number["pattern"] in WHOLE_NUMBERS]
    for number in numbers:
        number |= {"type": "integer", "minimum": WHOLE_NUMBERS[number["pattern"]], "maximum": LARGEST_WHOLE}
    return len(numbers)


def drop_idle_keywords(definitions: Definitions) -> int:
    """Descriptions, and patterns on what is not text, decide nothing."""
    every = [*definitions.values(), *(member for _, member in members(definitions))]
    for schema in every:
        schema.pop("description", None)
        if schema.get("type") in {"number", "integer", "boolean"}:
            schema.pop("pattern", None)
    return len(every)


def members(definitions: Definitions, name: str = "") -> Iterator[tuple[str, Definitions]]:
    for definition in definitions.values():
        yield from ((key, member) for key, member in definition.get("properties", {}).items() if name in {"", key})


def _patterned(definitions: Definitions) -> Iterator[Definitions]:
    every = [*definitions.values(), *(member for _, member in members(definitions))]
    return (schema for schema in every if "pattern" in schema)
