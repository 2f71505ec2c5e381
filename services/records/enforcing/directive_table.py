"""All directives in memory, some hundred and fifty bytes each: patients who said the same share what they said."""

from shared.directive import Directive, Provision
from shared.vocabulary import PatientId

Said = tuple[tuple[Provision, ...], frozenset[str]]
"""Provisions, and the sites erased."""

_PLACES = 1 << 32
_NOTHING: Said = ((), frozenset())


class DirectiveTable:
    """Keyed by the patient id's sixteen bytes; each holds one whole number: the directive's, and the place of what was said.

    A whole number is no work for the garbage collector, and nothing is read when a directive is looked up: it is held as it is used.
    """

    def __init__(self) -> None:
        self._held: dict[bytes, int] = {}
        self._said: list[Said] = []
        self._places: dict[Said, int] = {}
        self._holders: list[int] = []
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._held)

    def put(self, directive: Directive) -> None:
        key = key_of(directive.patient)
        before = self._held.get(key)
        place = self._take((directive.provisions, directive.erased))
        self._held[key] = directive.number * _PLACES + place
        if before is not None:
            self._release(before % _PLACES)

    def number_of(self, patient: str) -> int:
        """0 when nothing is held."""
        return self._held.get(key_of(patient), 0) // _PLACES

    def find(self, patient: str, *, epoch: int) -> Directive | None:
        held = self._held.get(key_of(patient))
        if held is None:
            return None
        provisions, erased = self._said[held % _PLACES]
        return Directive(PatientId(patient), held // _PLACES, epoch, provisions, erased)

    def _take(self, said: Said) -> int:
        place = self._places.get(said)
        if place is None:
            place = self._new_place()
            self._said[place] = said
            self._places[said] = place
        self._holders[place] += 1
        return place

    def _new_place(self) -> int:
        if self._free:
            return self._free.pop()
        self._said.append(_NOTHING)
        self._holders.append(0)
        return len(self._said) - 1

    def _release(self, place: int) -> None:
        self._holders[place] -= 1
        if not self._holders[place]:
            del self._places[self._said[place]]
            self._said[place] = _NOTHING
            self._free.append(place)


def key_of(patient: str) -> bytes:
    """A name that is no UUID is its own key: whatever the owner of the topic wrote is held, not passed over."""
    try:
        return bytes.fromhex(patient.replace("-", ""))
    except ValueError:
        return patient.encode()
