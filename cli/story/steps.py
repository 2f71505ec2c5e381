"""The steps of the story, in order; each returns one sentence about what was seen, or raises StepFailedError."""

from collections.abc import Callable

from cli.story import ledger_view
from cli.story.attack import open_dump
from cli.story.checking import check, until
from cli.story.closing_the_loop import break_glass_and_tell, suspect_and_confirm
from cli.story.duties import renew_duty
from cli.story.objection import object_and_take_back
from cli.story.scene import Scene


def load_charts(scene: Scene) -> str:
    """Both sites: validated, sealed per patient, stored, noted."""
    sizes = []
    for site in ("nord", "sud"):
        patient, count, note = scene.load_next_chart(site)
        scene.patients[site] = patient
        rows = ledger_view.stored(scene.auditor, site, patient)
        check(rows, f"no document of the new chart lies in the store of {site}")
        check(all(b"resourceType" not in bytes(row["sealed"]) for row in rows), "a stored document is not sealed")
        check(ledger_view.key_row(scene.auditor, site, patient), "the chart has no wrapped key of its own")
        proved = f"the note of loading at {site} did not reach the signed ledger"
        until(lambda note=note: ledger_view.is_proved(scene.auditor, note), within=scene.patience, otherwise=proved)  # type: ignore[misc]
        sizes.append(f"{site} {count} resources")
    return f"Loaded, sealed and noted: {', '.join(sizes)}."


def read_with_care(scene: Scene) -> str:
    """Dr A has a care relationship: 200, and exactly one entry, provable."""
    found = scene.read("Observation", "a.martin", params={"patient": scene.patients["nord"], "_count": 1})
    check(found.status_code == 200 and found.json().get("entry"), f"Dr A cannot search the chart: {found.status_code} {found.text[:200]}")  # noqa: PLR2004
    scene.observation = f"Observation/{found.json()['entry'][0]['resource']['id']}"
    note = _one_entry(scene, "a.martin", 200, "answered")
    until(
        lambda: ledger_view.is_proved(scene.auditor, note),
        within=scene.patience,
        otherwise="the read's entry is under no signed checkpoint",
    )
    return f"Dr A read an Observation; the ledger holds one entry of it, proved under a signed checkpoint ({note})."


def refuse_without_care(scene: Scene) -> str:
    """Dr B has none: 403 with the reason, in the asked language."""
    said = []
    for language in ("fr", "en"):
        note_count = ledger_view.size(scene.auditor)
        answer = scene.read(scene.observation, "b.bernard", language=language)
        check(answer.status_code == 403, f"Dr B got {answer.status_code} instead of 403")  # noqa: PLR2004
        said.append(answer.json()["issue"][0]["details"]["text"])
        _entries_about(scene, note_count, scene.observation, expected=1, outcome="refused")
    check("équipe" in said[0] and "care team" in said[1], f"the reason is not told in both languages: {said}")
    return f"Dr B is refused: « {said[0]} » / “{said[1]}” One entry each."


def limit_clerk(scene: Scene) -> str:
    """Clerk D: demographics with PATADMIN, nothing clinical."""
    patient = scene.read(f"Patient/{scene.patients['nord']}", "d.durand", purpose="PATADMIN")
    check(patient.status_code == 200, f"clerk D cannot read demographics: {patient.status_code}")  # noqa: PLR2004
    clinical = scene.read(scene.observation, "d.durand", purpose="PATADMIN")
    everything = scene.read(f"Patient/{scene.patients['nord']}/$everything", "d.durand", purpose="PATADMIN")
    check((clinical.status_code, everything.status_code) == (403, 403), "clerk D can read clinical data")
    return "Clerk D read the patient's demographics, and was refused the Observation and the whole chart."


def erase_chart(scene: Scene) -> str:
    """Two officers; tombstone, 410 on both replicas, a dump taken before opens nothing, the ledger still verifies."""
    patient = scene.patients["nord"]
    scene.dump = ledger_view.stored(scene.auditor, "nord", patient)
    check(open_dump(scene) == len(scene.dump), "the attack does not open the dump before the erasure, so it would prove nothing after it")
    _two_officers(scene, patient)
    row = ledger_view.key_row(scene.auditor, "nord", patient) or {}
    check("tombstone" in row and "keys" not in row, "the wrapped key is still there")
    for replica in range(len(scene.running.replicas("nord"))):
        check(_is_gone(scene, replica), f"replica {replica + 1} still answers for the erased chart")
    check(open_dump(scene) == 0, "the dump taken before the erasure still opens")
    report = ledger_view.whole_report(scene.auditor)
    check(report.ok, f"the ledger does not verify any more: {dict(report.rules)}")
    erased = f"tombstone, 410 on both replicas, a dump of {len(scene.dump)} documents opens nothing"
    return f"Erased by two officers: {erased}; {report.counts['entries']} entries verify."


def _two_officers(scene: Scene, patient: str) -> None:
    base = scene.running.fhir("nord").removesuffix("/fhir")
    propose = f"{base}/charts/{patient}/erasures"
    proposed = scene.ask("POST", propose, "o.leroy", purpose="RECORDMGT", json={"grounds": "person-asked"})
    check(proposed.status_code == 201, f"the first officer could not propose the erasure: {proposed.status_code} {proposed.text[:200]}")  # noqa: PLR2004
    confirm = f"{base}/erasures/{proposed.json()['id']}/confirmation"
    alone = scene.ask("POST", confirm, "o.leroy", purpose="RECORDMGT")
    check(alone.status_code == 409, f"one officer alone could erase: {alone.status_code}")  # noqa: PLR2004
    confirmed = scene.ask("POST", confirm, "p.moreau", purpose="RECORDMGT")
    check(confirmed.status_code == 200, f"the second officer could not confirm: {confirmed.status_code} {confirmed.text[:200]}")  # noqa: PLR2004


def _is_gone(scene: Scene, replica: int) -> bool:
    return scene.read(scene.observation, "a.martin", replica=replica).status_code == 410  # noqa: PLR2004


def _one_entry(scene: Scene, login: str, status: int, outcome: str) -> str:
    """Reads the Observation; the id of the only note that tells of it."""
    before = ledger_view.size(scene.auditor)
    answer = scene.read(scene.observation, login, purpose="TREAT")
    check(answer.status_code == status, f"{login} got {answer.status_code} instead of {status}: {answer.text[:200]}")
    note = answer.headers["x-decision-id"]
    _entries_about(scene, before, scene.observation, expected=1, outcome=outcome)
    return note


def _entries_about(scene: Scene, first: int, resource: str, *, expected: int, outcome: str) -> None:
    def count() -> int:
        notes = ledger_view.notes_from(scene.auditor, first)
        return len([note for note in notes if note.get("resource") == resource and note.get("outcome") == outcome])

    until(lambda: count() >= expected, within=scene.patience, otherwise="the access did not reach the ledger")
    check(count() == expected, f"the ledger holds {count()} entries of one access")


STEPS: tuple[tuple[str, Callable[[Scene], str]], ...] = (
    ("The charts of both sites are loaded", load_charts),
    ("Dr A, who treats the patient, reads an Observation", read_with_care),
    ("Dr B, who does not, is refused with the reason", refuse_without_care),
    ("Clerk D sees demographics and nothing clinical", limit_clerk),
    ("A chart is erased by two officers", erase_chart),
    ("A patient objects to Dr A's unit, and takes it back", object_and_take_back),
    ("Dr C breaks the glass, and people are told", break_glass_and_tell),
    ("Clerk D looks up too much, and a case opens", suspect_and_confirm),
    ("Clerk D's training lapses, and is renewed", renew_duty),
)
