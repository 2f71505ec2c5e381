"""One change that somebody asked for, before and after it has been made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from services.records.model import SealedRecord
from shared.errors import AnticipatedError, Sentence
from shared.vocabulary import SITE_OWNER, Action, PatientId


@dataclass(slots=True)
class Planned:
    """`resource` is None for a deletion; `owner` is a patient id or the site; `existing` is what is there now, if anything."""

    action: Action
    type: str
    ident: str
    owner: str
    resource: dict[str, Any] | None = field(repr=False, default=None)
    existing: SealedRecord | None = field(repr=False, default=None)
    if_match: int | None = None
    identifiers: tuple[tuple[str, str, str], ...] = field(repr=False, default=())

    @property
    def address(self) -> str:
        return f"{self.type}/{self.ident}"

    @property
    def patient(self) -> PatientId | None:
        return None if self.owner == SITE_OWNER else PatientId(self.owner)

    @property
    def registers(self) -> bool:
        """Whether this makes a new chart."""
        return self.type == "Patient" and self.action is Action.CREATE


@dataclass(frozen=True, slots=True)
class Written:
    """A change that is committed; `note` is the decision id of its answer."""

    planned: Planned
    record: SealedRecord
    body: bytes = field(repr=False)
    note: str


class ClientIdError(AnticipatedError):
    """Ids are given by the server: one chosen by a client carries meaning, and often a name."""

    slug: ClassVar[str] = "client-id-refused"
    status: ClassVar[int] = 405
    fhir_code: ClassVar[str] = "not-supported"
    sentence: ClassVar[Sentence] = Sentence(
        "Ids are given by this server: create the resource with POST.",
        "Les identifiants sont donnés par ce serveur : créez la ressource par POST.",
    )


class IdMismatchError(AnticipatedError):
    """The body's id and the address disagree."""

    slug: ClassVar[str] = "id-mismatch"
    status: ClassVar[int] = 400
    fhir_code: ClassVar[str] = "value"
    sentence: ClassVar[Sentence] = Sentence(
        "The id in the body must be the one in the address.", "L’identifiant du corps doit être celui de l’adresse."
    )


class UnknownPatientError(AnticipatedError):
    """The resource is about a patient who has no chart at this site."""

    slug: ClassVar[str] = "unknown-patient"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "business-rule"
    sentence: ClassVar[Sentence] = Sentence(
        "The patient of this resource has no chart at this site. Register the patient first.",
        "Le patient de cette ressource n’a pas de dossier sur ce site. Enregistrez-le d’abord.",
    )


class SeveralPatientsError(AnticipatedError):
    """One resource names several patients, or its patient would change."""

    slug: ClassVar[str] = "several-patients"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "business-rule"
    sentence: ClassVar[Sentence] = Sentence(
        "A resource belongs to one patient, and that never changes.",
        "Une ressource appartient à un seul patient, et cela ne change jamais.",
    )


class NoPatientError(AnticipatedError):
    """A resource of the patient compartment does not say whose it is."""

    slug: ClassVar[str] = "no-patient"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "business-rule"
    sentence: ClassVar[Sentence] = Sentence(
        "Name the patient of this resource as `Patient/<id>`, with the id that this server gave.",
        "Nommez le patient de cette ressource sous la forme `Patient/<id>`, avec l’identifiant donné par ce serveur.",
    )


class ElsewhereError(AnticipatedError):
    """The type is held by another service of the group."""

    slug: ClassVar[str] = "held-elsewhere"
    status: ClassVar[int] = 404
    fhir_code: ClassVar[str] = "not-supported"
    sentence: ClassVar[Sentence] = Sentence(
        "Consent is held by the consent service, AuditEvent by the audit service of the group, each under its own FHIR base.",
        "Consent est tenu par le service de consentement, AuditEvent par le service d’audit du groupe, chacun sous sa propre base FHIR.",
    )


HELD_ELSEWHERE: Mapping[str, str] = {"Consent": "consent", "AuditEvent": "audit"}
