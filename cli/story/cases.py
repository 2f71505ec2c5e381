"""The parts of the story in which people are told: a case opens and is confirmed, officers get mail, a patient's inbox fills."""

import asyncio
import email
import email.policy
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import httpx

from cli.story.checking import check, until
from cli.story.scene import Scene
from services.audit.commands import open_ledger
from services.notifier.messages.model import message_ident
from services.notifier.messages.wording import EMERGENCY_IN_YOUR_RECORD
from shared.clock import utc_now
from shared.vocabulary import Profession, Purpose

OFFICER = "o.leroy"
_TO_ANSWER = timedelta(hours=72)


def case_opens(scene: Scene, staff_id: str, since: datetime, *, rule: str | None = None) -> dict[str, Any]:
    """Waits for a case about that member of staff, opened since then, and for the mail about it; the case with all it shows."""

    def look() -> dict[str, Any] | None:
        listed = _ask(scene, "GET", "/cases").json()["cases"]
        wanted = [one for one in listed if one["actor"] == staff_id and rule in {None, one["rule"]}]
        return next((one for one in wanted if datetime.fromisoformat(one["opened_at"]) >= since), None)

    found = until(look, within=scene.patience, otherwise=f"no case was opened about {staff_id} ({rule or 'any rule'})")
    told = f"{OFFICER} got no mail about the case {found['id']}"
    until(lambda: OFFICER in officers_mailed(scene, found["id"]), within=scene.patience, otherwise=told)
    case: dict[str, Any] = _ask(scene, "GET", f"/cases/{found['id']}").json()
    check("assessment" in [clock["name"] for clock in case["clocks"]], "the assessment clock does not run")
    return case


def confirm_case(scene: Scene, case: dict[str, Any]) -> dict[str, Any]:
    """By an officer: awareness is now, the authority's 72 hours start now; answers the case with its `patients`."""
    path, before = f"/cases/{case['id']}", utc_now() - timedelta(milliseconds=1)
    confirmed = _ask(
        scene, "POST", f"{path}/confirmation", json={"reason": "unauthorised-access"}, headers={"if-match": f'"{case["version"]}"'}
    )
    after: dict[str, Any] = confirmed.json()
    aware_at = datetime.fromisoformat(after["aware_at"])
    due_at = {clock["name"]: datetime.fromisoformat(clock["due_at"]) for clock in after["clocks"]}["authority"]
    check(before <= aware_at <= utc_now(), f"the moment of awareness is not now: {aware_at}")
    check(due_at - aware_at == _TO_ANSWER, f"the authority's clock gives {due_at - aware_at} instead of 72 hours")
    return after | {"patients": affected_patients(scene, case["id"])}


def affected_patients(scene: Scene, case: str) -> list[str]:
    """Waits until `audit` has told them."""

    def look() -> list[str] | None:
        page = _ask(scene, "GET", f"/cases/{case}/patients").json()
        return page["patients"] or None

    return until(look, within=scene.patience, otherwise=f"no affected patients are known for the case {case}")


def officers_told_of(scene: Scene, grant: str) -> list[str]:
    """Waits until every privacy officer of `nord` has mail about that emergency, and a review of it is open."""
    officers = {one["login"] for one in _staff(scene) if (one["profession"], one["site"]) == (Profession.PRIVACY_OFFICER, "nord")}
    told = f"not every officer got mail about the emergency {grant}"
    until(lambda: officers <= officers_mailed(scene, grant), within=scene.patience, otherwise=told)
    reviews = [one["grant"] for one in _ask(scene, "GET", "/reviews").json()["reviews"]]
    check(grant in reviews, "no review of the emergency is open")
    return sorted(officers)


def patient_told_of(scene: Scene, grant: str, patient: str, *, login: str | None = None) -> None:
    """Waits until that patient's inbox holds the message, sealed; with a login, the patient reads it there."""
    ident = message_ident(grant, patient, EMERGENCY_IN_YOUR_RECORD)
    row = until(lambda: _stored_message(scene, ident), within=scene.patience, otherwise="the patient was not told of the emergency")
    check((row["to"], row["channel"], row["state"]) == (patient, "portal", "sent"), "the message is in nobody's inbox")
    shown = str({name: value for name, value in row.items() if name != "sealed"})
    check(grant not in shown and grant.encode() not in bytes(row["sealed"]), "the message lies in clear")
    if login is not None:
        read = _ask(scene, "GET", "/messages", login, Purpose.PATIENT_REQUEST).json()["messages"]
        check(grant in [one["values"]["reference"] for one in read], "the patient cannot read the message")


def officers_mailed(scene: Scene, reference: str) -> set[str]:
    """Logins of those who have mail about it."""
    by_mail = {one["mail"]: one["login"] for one in _staff(scene)}
    return {by_mail[str(mail["To"])] for mail in _mails(scene) if reference in mail.get_content() and str(mail["To"]) in by_mail}


def _mails(scene: Scene) -> Iterator[EmailMessage]:
    for path in sorted((scene.running.home / "mail").glob("*.eml")):
        yield email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


def _staff(scene: Scene) -> list[dict[str, Any]]:
    staff: list[dict[str, Any]] = json.loads((scene.running.home / "staff.json").read_text(encoding="utf-8"))
    return staff


def _ask(scene: Scene, method: str, path: str, login: str = OFFICER, purpose: str = Purpose.COMPLIANCE, **more: Any) -> httpx.Response:
    answer = scene.ask(method, f"{scene.running.addresses['notifier']}{path}", login, purpose=purpose, **more)
    check(answer.is_success, f"{login} was refused {method} {path}: {answer.status_code} {answer.text[:200]}")
    return answer


def _stored_message(scene: Scene, ident: str) -> dict[str, Any] | None:
    async def look() -> dict[str, Any] | None:
        async with open_ledger(scene.auditor) as (_evidence, mongo):
            row: dict[str, Any] | None = await mongo.database("notifier").get_collection("messages").find_one({"_id": ident})
            return row

    return asyncio.run(look())
