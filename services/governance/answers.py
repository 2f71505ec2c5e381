"""Shapes what `governance` answers: each text in one language, each duty as it is at one moment."""

from collections.abc import Sequence
from datetime import datetime

from services.governance.duties import is_due, lapsed, may_be_reminded, state_of
from services.governance.model import Member, Reminder, Workstation
from services.governance.module_shelf import ModuleShelf
from services.governance.remind_of_duty import Reminding
from services.governance.schemas import (
    AttemptAnswer,
    ChoiceAnswer,
    DutyAnswer,
    ModuleAnswer,
    PageAnswer,
    QuestionAnswer,
    ReminderAnswer,
    RemindingAnswer,
    StaffAnswer,
    StaffListed,
    StandingAnswer,
    WorkstationAnswer,
    WrongAnswer,
)
from services.governance.take_attempt import Attempt
from services.governance.training_module import Question, TrainingModule


def duties_answer(member: Member, modules: ModuleShelf, language: str, *, now: datetime) -> list[DutyAnswer]:
    return [
        DutyAnswer(
            module=module,
            title=modules.title(module, language),
            valid_until=duty.until,
            state=state_of(duty, now),
            due=is_due(member, module, now),
            through=duty.through,
        )
        for module, duty in member.duties.items()
    ]


def standing_answer(member: Member, modules: ModuleShelf, language: str, *, now: datetime) -> StandingAnswer:
    duties = duties_answer(member, modules, language, now=now)
    return StandingAnswer(id=member.ident, active=member.active, revision=member.revision, duties=duties)


def staff_answer(
    site: str, staff: Sequence[Member], reminders: Sequence[Reminder], modules: ModuleShelf, language: str, *, now: datetime
) -> StaffAnswer:
    reminded: dict[str, dict[str, ReminderAnswer]] = {}
    for last in reminders:
        answer = ReminderAnswer(reminded_at=last.at, again=may_be_reminded(last.at, now))
        reminded.setdefault(last.staff, {})[last.module] = answer
    ordered = sorted(staff, key=lambda member: (not member.active, not lapsed(member, now), member.name, member.ident))
    listed = [
        _listed(member, reminded.get(member.ident, {}), standing_answer(member, modules, language, now=now), now) for member in ordered
    ]
    units = sorted({member.unit for member in staff if member.active and member.unit})
    return StaffAnswer(site=site, units=units, staff=listed)


def _listed(member: Member, reminded: dict[str, ReminderAnswer], standing: StandingAnswer, now: datetime) -> StaffListed:
    return StaffListed(
        **dict(standing),
        login=member.login,
        name=member.name,
        profession=member.profession,
        unit=member.unit,
        lapsed=lapsed(member, now),
        reminded=reminded,
    )


def reminding_answer(reminding: Reminding) -> RemindingAnswer:
    return RemindingAnswer(reminded_at=reminding.last.at, sent=reminding.sent)


def workstation_answer(workstation: Workstation) -> WorkstationAnswer:
    return WorkstationAnswer(workstation=workstation.ident, site=workstation.site, locked=workstation.locked, since=workstation.since)


def module_answer(ident: str, module: TrainingModule, language: str) -> ModuleAnswer:
    pages = [PageAnswer(title=page.title.in_language(language), text=page.text.in_language(language)) for page in module.pages]
    return ModuleAnswer(
        id=ident,
        title=module.title.in_language(language),
        validity_days=module.validity_days,
        pass_mark=module.pass_mark,
        pages=pages,
        questions=[_question(question, language) for question in module.questions],
    )


def _question(question: Question, language: str) -> QuestionAnswer:
    choices = [ChoiceAnswer(id=choice.id, text=choice.text.in_language(language)) for choice in question.choices]
    return QuestionAnswer(id=question.id, asks=question.asks.in_language(language), several=len(question.right) > 1, choices=choices)


def attempt_answer(attempt: Attempt, module: TrainingModule, language: str) -> AttemptAnswer:
    marked = attempt.marked
    wrong = [WrongAnswer(question=one.id, explanation=one.explanation.in_language(language)) for one in marked.wrong]
    return AttemptAnswer(passed=marked.passed, right=marked.right, needed=module.pass_mark, valid_until=attempt.valid_until, wrong=wrong)
