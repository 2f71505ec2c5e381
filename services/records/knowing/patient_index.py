"""Finds patients by an exact identifier, or by family name and birth date, through blind indexes; the values themselves stay sealed."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from services.records.sealer import Sealer
from shared.keyring import OwnersKeys
from shared.mongo import Database
from shared.vocabulary import PatientId

_IDENTIFIER, _NAME_AND_BIRTH = "patient-identifier", "patient-name-birth"


class PatientKey(NamedTuple):
    """`field` names the index, `value` is what stands in it; two people may have the same."""

    field: str
    value: str


class PatientIndex:
    """Rows of (keyed digest, patient), one row of the keyring per field and version of its key."""

    def __init__(self, database: Database, *, sealer: Sealer) -> None:
        self._rows = database.get_collection("patient_index")
        self._sealer = sealer

    async def find(self, wanted: PatientKey, *, most: int) -> list[PatientId]:
        """In no order. Raises KeysUnavailableError."""
        digest = _digest(await self._key(wanted.field), wanted)
        rows = await self._rows.find({"digest": digest}).limit(most).to_list(length=None)
        return [PatientId(row["patient"]) for row in rows]

    async def keep(self, patient: PatientId, keys: Sequence[PatientKey], *, session: Any) -> None:
        """All of one patient's, in place of those they had; none for a patient who is deleted or erased. Raises KeysUnavailableError."""
        await self._rows.delete_many({"patient": patient}, session=session)
        rows = [{"digest": _digest(await self._key(key.field), key), "patient": patient} for key in dict.fromkeys(keys)]
        if rows:
            await self._rows.insert_many(rows, session=session)

    async def _key(self, field: str) -> OwnersKeys:
        return await self._sealer.keys_of(f"blind-index/{field}/v1", make=True)


def _digest(keys: OwnersKeys, key: PatientKey) -> bytes:
    return keys.current.blind("\0".join(key).encode())


def by_identifier(token: str) -> PatientKey:
    """A FHIR token: `system|value`, `|value` for one without a system, `value` for any system."""
    return PatientKey(_IDENTIFIER, token)


def by_name_and_birth(family: str, birth_date: str) -> PatientKey:
    """Letters and digits of the family name alone, without accents or case: what people type at a desk, and what machines send, meet."""
    spelt = unicodedata.normalize("NFKD", family).casefold()
    return PatientKey(_NAME_AND_BIRTH, f"{''.join(filter(str.isalnum, spelt))}|{birth_date}")


def keys_of_patient(patient: Mapping[str, Any] | None) -> list[PatientKey]:
    """Everything by which a valid Patient resource can be found: each of its identifiers, each of its names with its birth date."""
    if patient is None:
        return []
    found = [by_identifier(token) for one in patient.get("identifier", ()) for token in _tokens(one)]
    if "birthDate" in patient:
        families = [name["family"] for name in patient.get("name", ()) if name.get("family")]
        found += [by_name_and_birth(family, patient["birthDate"]) for family in families]
    return found


def _tokens(identifier: Mapping[str, Any]) -> Iterator[str]:
    if "value" in identifier:
        yield f"{identifier.get('system', '')}|{identifier['value']}"
        yield str(identifier["value"])
