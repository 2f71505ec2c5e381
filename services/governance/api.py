"""The HTTP door of `governance`: everybody's own modules and standing, and the staff of a site for its trainers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from services.governance.answers import attempt_answer, duties_answer, module_answer, staff_answer, standing_answer
from services.governance.asking import Asking, AskingNames, Has, Language, body_of, keep_out_of_caches
from services.governance.permissions import LEARNERS, NAMERS, TRAINERS, may_be_named, may_see_staff, may_take
from services.governance.refusals import require
from services.governance.schemas import (
    AttemptAnswer,
    AttemptBody,
    DutyAnswer,
    DutyBody,
    ModuleAnswer,
    Name,
    NamesAnswer,
    StaffAnswer,
    StandingAnswer,
)
from services.governance.set_duty import NewDate, set_duty
from services.governance.take_attempt import take_attempt
from shared.clock import utc_now
from shared.http import professions
from shared.vocabulary import Profession

router = APIRouter(dependencies=[Depends(keep_out_of_caches)])
FOR_LEARNERS = professions(*LEARNERS)
FOR_TRAINERS = professions(*TRAINERS)
FOR_THE_TOLD = professions(*NAMERS, Profession.PATIENT)
MOST_NAMES = 100
Idents = Annotated[list[Name], Query(alias="id", max_length=MOST_NAMES)]


@router.get("/modules", openapi_extra=FOR_LEARNERS)
async def get_modules(asking: Asking, language: Language, has: Has) -> list[DutyAnswer]:
    """One's own, with the date until which each holds."""
    return duties_answer(asking.member, has.modules, language, now=utc_now())


@router.get("/modules/{ident}", openapi_extra=FOR_LEARNERS)
async def get_module(ident: str, asking: Asking, language: Language, has: Has) -> ModuleAnswer:
    module = has.modules.fetch(ident)
    require(may_take(asking, ident))
    return module_answer(ident, module, language)


@router.post("/modules/{ident}/attempts", openapi_extra=FOR_LEARNERS)
async def post_attempt(ident: str, request: Request, asking: Asking, language: Language, has: Has) -> AttemptAnswer:
    """The body is `{"answers": {"question": ["choice"]}}`; failed or passed, the answer is 200 and says what was wrong."""
    answers = (await body_of(AttemptBody, request)).answers
    attempt = await take_attempt(asking, ident, answers, now=utc_now(), staff=has.staff, modules=has.modules)
    return attempt_answer(attempt, has.modules.fetch(ident), language)


@router.get("/me/standing", openapi_extra=FOR_LEARNERS)
async def get_own_standing(asking: Asking, language: Language, has: Has) -> StandingAnswer:
    return standing_answer(asking.member, has.modules, language, now=utc_now())


@router.get("/staff", openapi_extra=FOR_TRAINERS)
async def get_staff(asking: Asking, language: Language, has: Has) -> StaffAnswer:
    """Of the trainer's own site, those with a lapsed duty first."""
    require(may_see_staff(asking))
    site = asking.member.site
    return staff_answer(site, await has.staff.of_site(site), has.modules, language, now=utc_now())


@router.put("/staff/{ident}/duties/{module}", openapi_extra=FOR_TRAINERS)
async def put_duty(ident: str, module: str, request: Request, asking: Asking, language: Language, has: Has) -> StandingAnswer:
    """The body is `{"valid_until": "2027-01-31T00:00:00Z"}`, at most the module's validity ahead."""
    now = utc_now()
    wanted = NewDate(ident, module, (await body_of(DutyBody, request)).valid_until)
    member = await set_duty(asking, wanted, now=now, staff=has.staff, modules=has.modules)
    return standing_answer(member, has.modules, language, now=now)


@router.get("/names", openapi_extra=FOR_THE_TOLD)
async def get_names(asking: AskingNames, has: Has, idents: Idents) -> NamesAnswer:
    """Of a hundred accounts at most; those that are not told, or not known, are left out."""
    known = await has.staff.of_idents(set(idents))
    told = [member for member in known if may_be_named(member, asking, naming_sites=has.naming_sites)]
    return NamesAnswer(names={member.ident: member.name for member in told})
