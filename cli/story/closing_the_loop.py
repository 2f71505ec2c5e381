"""The steps in which what happened reaches a person: a broken glass, and a clerk who looks up too much."""

from datetime import timedelta

from cli.story.cases import affected_patients, case_opens, confirm_case, officers_told_of, patient_told_of
from cli.story.checking import check
from cli.story.emergency import break_glass
from cli.story.scene import Scene
from cli.story.suspicion import look_up_colleague_and_many
from shared.clock import utc_now

CLERK = "d.durand"
LOOKED_UP = 20
_QUIET = timedelta(minutes=2)
"""A rule says the same of the same person once within its window, so a story told again so soon finds the case of the telling before."""


def break_glass_and_tell(scene: Scene) -> str:
    """On a chart of its own: the last one was erased."""
    scene.patients["nord"], _count, _note = scene.load_next_chart("nord")
    said = break_glass(scene)
    officers = officers_told_of(scene, scene.grant)
    patient_told_of(scene, scene.grant, scene.patients["nord"])
    return f"{said} Told: {', '.join(officers)} by mail, the patient in their inbox; the review is due in 72 hours."


def suspect_and_confirm(scene: Scene) -> str:
    """PATADMIN allows each single look; together they are a suspicion, a case, a mail, and on the officer's word a clock."""
    since, staff = utc_now(), str(scene.running.claims(CLERK)["sub"])
    look_up_colleague_and_many(scene)
    colleague = case_opens(scene, staff, since, rule="colleague-lookup")
    case = case_opens(scene, staff, since - _QUIET, rule="bulk-lookup")
    told_before = case["state"] in {"confirmed", "closed"}
    confirmed = case | {"patients": affected_patients(scene, case["id"])} if told_before else confirm_case(scene, case)
    patients = confirmed["patients"]
    check(len(patients) >= LOOKED_UP, f"the case lists {len(patients)} affected patients, {LOOKED_UP} or more were looked up")
    clocks = {clock["name"]: clock["due_at"] for clock in confirmed["clocks"]}
    opened = f"Cases {colleague['id'][:8]} (a colleague) and {case['id'][:8]} (many at once) opened as suspected, the officer has mail"
    return f"{opened}; confirmed: {len(patients)} affected patients from the ledger, the authority to be told by {clocks['authority']}."
