"""What `consent` says no with, in French and English."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from shared.errors import AnticipatedError, Sentence


class NotYoursToSayError(AnticipatedError):
    """Only the patient, or a privacy officer for them, may say or read this."""

    slug: ClassVar[str] = "not-yours-to-say"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence(
        "Only the patient, or a privacy officer who keeps what they signed, can do this. Sign in as one of them.",
        "Seul le patient, ou un responsable de la protection des données qui conserve ce qu’il a signé, peut le faire. "
        "Connectez-vous comme l’un d’eux.",
    )


class UnknownConsentError(AnticipatedError):
    """There is none of that id, or it is another patient's."""

    slug: ClassVar[str] = "unknown-consent"
    status: ClassVar[int] = 404
    fhir_code: ClassVar[str] = "not-found"
    sentence: ClassVar[Sentence] = Sentence(
        "There is no such consent or objection here.", "Ce consentement ou cette opposition n’existe pas ici."
    )


class ChangedMeanwhileError(AnticipatedError):
    """Somebody else changed the same consent first."""

    slug: ClassVar[str] = "changed-meanwhile"
    status: ClassVar[int] = 412
    fhir_code: ClassVar[str] = "conflict"
    sentence: ClassVar[Sentence] = Sentence(
        "Somebody else changed this first. Read it again, then decide.",
        "Quelqu’un d’autre l’a modifié entre-temps. Relisez, puis décidez.",
    )


class KeyReusedError(AnticipatedError):
    """The idempotency key came with another request before."""

    slug: ClassVar[str] = "idempotency-key-reused"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "invalid"
    sentence: ClassVar[Sentence] = Sentence(
        "This Idempotency-Key belongs to another request. Send a new key with a new request.",
        "Cette Idempotency-Key appartient à une autre demande. Envoyez une nouvelle clé avec une nouvelle demande.",
    )


class StoreBehindError(AnticipatedError):
    """The store was restored from a backup, and is being brought up to what had been published since."""

    slug: ClassVar[str] = "consent-store-behind"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "What patients said is being brought back after a restore. Try again in half a minute.",
        "Les choix des patients sont en cours de rétablissement après une restauration. Réessayez dans une demi-minute.",
    )


class WrongWordsError(AnticipatedError):
    """The request does not say who, what for or which patient in the form that is understood."""

    slug: ClassVar[str] = "wrong-words"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "invalid"
    sentence: ClassVar[Sentence] = Sentence(
        "Name the patient, `kind` (consent or objection) and lists of units, persons, sites, purposes or labels; see the API's schema.",
        "Indiquez le patient, `kind` (consent ou objection) et des listes d’unités, de personnes, de sites, de motifs ou d’étiquettes ; "
        "voyez le schéma de l’API.",
    )

    def __init__(self, fields: Sequence[str] = ()) -> None:
        super().__init__()
        self.fields = fields

    def said(self) -> Sentence:
        if not self.fields:
            return self.sentence
        named = ", ".join(f"`{name}`" for name in self.fields)
        return Sentence(f"{self.sentence.en} Wrong or missing: {named}.", f"{self.sentence.fr} Faux ou absent : {named}.")


class ReplicasOnlyError(AnticipatedError):
    """The route is for the replicas of `records`."""

    slug: ClassVar[str] = "replicas-only"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence(
        "Only replicas of records may ask this.", "Seules les répliques de records peuvent le demander."
    )


class HeldElsewhereError(AnticipatedError):
    """The type is a site's; the sentence names where."""

    slug: ClassVar[str] = "held-by-the-site"
    status: ClassVar[int] = 404
    fhir_code: ClassVar[str] = "not-supported"
    sentence: ClassVar[Sentence] = Sentence("This base holds Consent only.", "Cette base ne contient que Consent.")

    def __init__(self, bases: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.bases = [base for found in bases.values() for base in found]

    def said(self) -> Sentence:
        where = ", ".join(self.bases)
        return Sentence(f"{self.sentence.en} Others are at {where}.", f"{self.sentence.fr} Les autres sont sur {where}.")
