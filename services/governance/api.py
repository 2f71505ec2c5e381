"""The HTTP door of `governance`: one's own modules and standing, a site's staff for its trainers, locked screens, and status."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from services.governance.answers import (
    attempt_answer,
    duties_answer,
    module_answer,
    reminding_answer,
    staff_answer,
    standing_answer,
    workstation_answer,
)
from services.governance.asking import Asking, AskingNames, Guarding, Has, Language, body_of, keep_out_of_caches
from services.governance.permissions import GUARDS, LEARNERS, NAMERS, TRAINERS, may_be_named, may_see_staff, may_take
from services.governance.refusals import require
from services.governance.remind_of_duty import remind_of_duty
from services.governance.schemas import (
    AttemptAnswer,
    AttemptBody,
    DutyAnswer,
    DutyBody,
    ModuleAnswer,
    Name,
    NamesAnswer,
    RemindingAnswer,
    StaffAnswer,
    StandingAnswer,
    WorkstationAnswer,
)
from services.governance.set_duty import NewDate, set_duty
from services.governance.take_attempt import take_attempt
from shared.clock import utc_now
from shared.http import professions
from shared.vocabulary import Profession
from shared.watching import FOR_WATCHERS

router = APIRouter(dependencies=[Depends(keep_out_of_caches)])
FOR_LEARNERS = professions(*LEARNERS)
FOR_TRAINERS = professions(*TRAINERS)
FOR_GUARDS = professions(*GUARDS)
WorkstationId = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]
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
    staff, reminders = await has.staff.of_site(site), await has.reminders.of_site(site)
    return staff_answer(site, staff, reminders, has.modules, language, now=utc_now())


@router.put("/staff/{ident}/duties/{module}", openapi_extra=FOR_TRAINERS)
async def put_duty(ident: str, module: str, request: Request, asking: Asking, language: Language, has: Has) -> StandingAnswer:
    """The body is `{"valid_until": "2027-01-31T00:00:00Z"}`, at most the module's validity ahead."""
    now = utc_now()
    wanted = NewDate(ident, module, (await body_of(DutyBody, request)).valid_until)
    member = await set_duty(asking, wanted, now=now, staff=has.staff, modules=has.modules)
    return standing_answer(member, has.modules, language, now=now)


@router.post("/staff/{ident}/duties/{module}/reminder", openapi_extra=FOR_TRAINERS)
async def post_reminder(ident: str, module: str, asking: Asking, has: Has) -> RemindingAnswer:
    """A mail to them, once a day at most; a second asking changes nothing, and says so."""
    reminding = await remind_of_duty(asking, ident, module, now=utc_now(), staff=has.staff, reminders=has.reminders)
    return reminding_answer(reminding)


@router.put("/workstations/{ident}/lock", openapi_extra=FOR_GUARDS)
async def put_lock(ident: WorkstationId, guard: Guarding, has: Has) -> WorkstationAnswer:
    """Of the asker's own site: sessions that were begun there are over, and none begins until it is unlocked."""
    return workstation_answer(await has.workstations.set_lock(guard.site, ident, locked=True, by=guard.ident, now=utc_now()))


@router.delete("/workstations/{ident}/lock", openapi_extra=FOR_GUARDS)
async def delete_lock(ident: WorkstationId, guard: Guarding, has: Has) -> WorkstationAnswer:
    return workstation_answer(await has.workstations.set_lock(guard.site, ident, locked=False, by=guard.ident, now=utc_now()))


@router.get("/status", **FOR_WATCHERS)
async def get_status(has: Has) -> dict[str, Any]:
    """For those who watch over the group, whether they are on the staff list or not."""
    return {"outbox": await has.outbox.backlog(now=utc_now())}


@router.get("/names", openapi_extra=FOR_THE_TOLD)
async def get_names(asking: AskingNames, has: Has, idents: Idents) -> NamesAnswer:
    """Of a hundred accounts at most; those that are not told, or not known, are left out."""
    known = await has.staff.of_idents(set(idents))
    told = [member for member in known if may_be_named(member, asking, naming_sites=has.naming_sites)]
    return NamesAnswer(names={member.ident: member.name for member in told})
