"""Decides who may do what with staff and duties: pure, one reason per line; None means yes."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from services.governance.model import Member
from shared.vocabulary import Profession

LEARNERS = frozenset({Profession.CLINICIAN, Profession.CLERK, Profession.PRIVACY_OFFICER, Profession.TRAINER, Profession.OPERATOR})
"""Who has duties at all; patients have none, nor have interfaces."""

TRAINERS = frozenset({Profession.TRAINER})
"""They are the site's security officers, too."""

GUARDS = TRAINERS | {Profession.INTEGRATION}
"""Who locks workstations: the site's endpoint agent, which is an interface, and security officers."""

NAMERS = frozenset({Profession.TRAINER, Profession.PRIVACY_OFFICER})
"""Who is told the names of all staff; patients are told some."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: in the profession that their token names, and as the staff list knows them."""

    profession: Profession
    member: Member


@dataclass(frozen=True, slots=True)
class Guard:
    """Who locks and unlocks workstations, and at which site."""

    ident: str
    site: str


def may_lock(profession: Profession, member: Member | None) -> str | None:
    """An interface is on no staff list: its token speaks for it."""
    if profession is Profession.INTEGRATION:
        return None
    if member is None or may_enter(profession, member) or may_see_staff(Asker(profession, member)):
        return "guards-only"
    return None


def may_enter(profession: Profession, member: Member | None) -> str | None:
    """Before anything else, for every route."""
    if profession not in LEARNERS:
        return "staff-only"
    if member is None or not member.active:
        return "not-on-staff-list"
    return None


def may_take(asker: Asker, module: str) -> str | None:
    """Only what is one's own duty."""
    return None if module in asker.member.duties else "not-your-module"


def may_see_staff(asker: Asker) -> str | None:
    """Token and staff list must agree that this is a trainer."""
    return None if {asker.profession, asker.member.profession} <= TRAINERS else "trainers-only"


def may_read_names(profession: Profession, member: Member | None) -> str | None:
    """Patients are not on the staff list, and may; of the staff, those whose task it is by token and by list."""
    if profession is Profession.PATIENT:
        return None
    return may_enter(profession, member) or (None if member and {profession, member.profession} <= NAMERS else "names-not-for-you")


def may_be_named(of: Member, to: Profession, *, naming_sites: AbstractSet[str]) -> bool:
    """To a patient where the site's policy is so; they need not work there any more."""
    return to is not Profession.PATIENT or of.site in naming_sites


def may_remind(asker: Asker, of: Member) -> str | None:
    """Of the trainer's own site."""
    reason = may_see_staff(asker)
    if reason is not None:
        return reason
    return None if of.site == asker.member.site else "other-site-staff"


def may_set_duty(asker: Asker, of: Member) -> str | None:
    """Of the trainer's own site, and of somebody else: a trainer's own training is taken like everybody's."""
    reason = may_remind(asker, of)
    if reason is not None:
        return reason
    if of.ident == asker.member.ident:
        return "not-your-own-duty"
    return None
