"""A duty lapses by a trainer's word, shuts the door on both replicas, and a passed module opens it again."""

from datetime import timedelta
from typing import Any

from cli.story.checking import check, until
from cli.story.scene import Scene
from services.governance.module_shelf import load_modules
from shared.clock import rfc3339, utc_now

MODULE = "privacy-basics"
_LEARNER, _TRAINER = "d.durand", "t.roux"
_WITHIN = 5.0


def renew_duty(scene: Scene) -> str:
    """Clerk D's training lapses: 403 on both replicas with the way to the module; a wrong attempt changes nothing, a right one opens."""
    staff = _staff_id(scene)
    _wait_for(scene, 200, "clerk D could not read demographics before the duty lapsed")
    _set_until(scene, staff, days=-1)
    try:
        _wait_for(scene, 403, "clerk D still reads demographics after the duty lapsed")
        said = _refused_with_the_way(scene)
        check(not _attempt(scene, _wrong_answers())["passed"], "wrong answers passed the module")
        _refused_with_the_way(scene)
        check(_attempt(scene, _right_answers())["passed"], "right answers did not pass the module")
        _wait_for(scene, 200, "clerk D is still refused after passing the module")
    except BaseException:
        _set_until(scene, staff, days=30)
        raise
    return f"Clerk D’s duty lapsed: refused on both replicas, “{said}” A wrong attempt changed nothing, a right one opened the door again."


def _address(scene: Scene, path: str) -> str:
    return f"{scene.running.addresses['governance']}/{path}"


def _staff_id(scene: Scene) -> str:
    listed = scene.ask("GET", _address(scene, "staff"), _TRAINER)
    check(listed.status_code == 200, f"the trainer cannot list the staff: {listed.status_code} {listed.text[:200]}")  # noqa: PLR2004
    found = [person["id"] for person in listed.json()["staff"] if person["login"] == _LEARNER]
    check(found, "clerk D is not on the staff list")
    return str(found[0])


def _set_until(scene: Scene, staff: str, *, days: int) -> None:
    wanted = {"valid_until": rfc3339(utc_now() + timedelta(days=days))}
    answer = scene.ask("PUT", _address(scene, f"staff/{staff}/duties/{MODULE}"), _TRAINER, json=wanted)
    check(answer.status_code == 200, f"the trainer cannot set the date: {answer.status_code} {answer.text[:200]}")  # noqa: PLR2004


def _statuses(scene: Scene) -> list[int]:
    return [_read(scene, replica).status_code for replica in range(len(scene.running.replicas("nord")))]


def _read(scene: Scene, replica: int = 0) -> Any:
    return scene.read(f"Patient/{scene.patients['nord']}", _LEARNER, purpose="PATADMIN", replica=replica)


def _wait_for(scene: Scene, status: int, otherwise: str) -> None:
    until(lambda: set(_statuses(scene)) == {status}, within=_WITHIN, otherwise=otherwise)


def _refused_with_the_way(scene: Scene) -> str:
    """On each replica; the sentence names the module's address."""
    said = ""
    for replica in range(len(scene.running.replicas("nord"))):
        answer = _read(scene, replica)
        check(answer.status_code == 403, f"replica {replica + 1} answers {answer.status_code} although the duty lapsed")  # noqa: PLR2004
        said = answer.json()["issue"][0]["details"]["text"]
        check(f"{scene.running.addresses['portal']}/modules/{MODULE}" in said, f"the refusal does not say where to take the module: {said}")
    return said


def _attempt(scene: Scene, answers: dict[str, list[str]]) -> Any:
    module = scene.ask("GET", _address(scene, f"modules/{MODULE}"), _LEARNER)
    check(module.status_code == 200 and "right" not in module.json()["questions"][0], "the module is not shown as it should be")  # noqa: PLR2004
    answer = scene.ask("POST", _address(scene, f"modules/{MODULE}/attempts"), _LEARNER, json={"answers": answers})
    check(answer.status_code == 200, f"the attempt was not marked: {answer.status_code} {answer.text[:200]}")  # noqa: PLR2004
    return answer.json()


def _right_answers() -> dict[str, list[str]]:
    return {question.id: sorted(question.right) for question in load_modules().fetch(MODULE).questions}


def _wrong_answers() -> dict[str, list[str]]:
    """Of each question one choice that is not right."""
    questions = load_modules().fetch(MODULE).questions
    return {question.id: [next(choice.id for choice in question.choices if choice.id not in question.right)] for question in questions}
