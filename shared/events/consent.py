"""What `consent` states. The directive travels in the form of `shared/directive.py`; its topic is never parked and never skipped."""

from typing import Any, ClassVar

from shared.events import Event
from shared.events.topics import CONSENT_DIRECTIVE, Topic


class DirectiveChanged(Event):
    """All that is in force for one patient, under the next number of the group's sequence; the newest replaces every older one.

    A withdrawal is a whole directive too, never a null record. Whoever does not know a feature of `mustUnderstand` blocks the patient.
    """

    topic: ClassVar[Topic] = CONSENT_DIRECTIVE
    type: ClassVar[str] = "org.serment.consent.directive-changed.v1"
    key_field: ClassVar[str] = "patient"
    example: ClassVar[dict[str, Any]] = {
        "patient": "5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11",
        "number": 17,
        "epoch": 1,
        "mustUnderstand": [],
        "erased": [],
        "provisions": [
            ["deny", ["nord-medecine"], [], [], [], [], None, None, "0b7e6c1e-54f4-4b2d-8f6e-5a9f3d0c7e21/1", []],
        ],
    }

    patient: str
    number: int
    epoch: int
    mustUnderstand: list[str]  # noqa: N815 - the wire's name
    erased: list[str]
    provisions: list[Any]
