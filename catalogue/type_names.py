"""Names a type as a reader of the catalogue knows it: without the modules it comes from."""

import re
from typing import Any

_MODULE = re.compile(r"\b(?:[a-z_]\w*\.)+(?=\w)")


def type_name(annotation: Any) -> str:
    name = annotation.__name__ if isinstance(annotation, type) and not hasattr(annotation, "__args__") else str(annotation)
    return _MODULE.sub("", name)
