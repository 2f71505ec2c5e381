"""Makes patients to be read: each with an encounter in progress and a few observations, stored as a site's interface stores them."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import orjson

from deploy.local.sample.charts import HTEST, load_bundle, resources
from deploy.local.sample.seed import BUNDLES, load_seed
from shared.clock import rfc3339, utc_now

OBSERVATIONS = 4
_AT_ONCE = 4


def make_charts(base: str, token: Callable[[], str], *, practitioner: str, count: int) -> list[list[str]]:
    """The addresses of the observations, patient by patient."""
    observation = _sample_observation()
    headers = {"authorization": f"Bearer {token()}", "content-type": "application/fhir+json"}
    with httpx.Client(timeout=120, trust_env=False, headers=headers) as http, ThreadPoolExecutor(_AT_ONCE) as pool:

        def store(_number: int) -> list[str]:
            answer = http.post(base, content=orjson.dumps(_chart(observation, practitioner)))
            answer.raise_for_status()
            places = [entry["response"]["location"].split("/") for entry in answer.json()["entry"]]
            return [f"{place[0]}/{place[1]}" for place in places if place[0] == "Observation"]

        return list(pool.map(store, range(count)))


def one_long_chart(base: str, token: str, *, practitioner: str, count: int) -> str:
    """The id of a patient with so many observations of a few kinds, stored a thousand at a time."""
    observation = _sample_observation()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/fhir+json"}
    with httpx.Client(timeout=120, trust_env=False, headers=headers) as http:
        answer = http.post(base, content=orjson.dumps(_chart(observation, practitioner)))
        answer.raise_for_status()
        patient = answer.json()["entry"][0]["response"]["location"].split("/")[1]
        for start in range(0, count, 1000):
            mine = [_of_kind(observation, patient, start + number) for number in range(min(1000, count - start))]
            entries = [
                {"fullUrl": f"urn:uuid:{uuid.uuid4()}", "resource": one, "request": {"method": "POST", "url": "Observation"}}
                for one in mine
            ]
            http.post(base, content=orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})).raise_for_status()
    return str(patient)


def _of_kind(observation: dict[str, Any], patient: str, number: int) -> dict[str, Any]:
    code = {"text": f"Kind {number % 20}"}
    at = rfc3339(utc_now() - timedelta(hours=number))
    return {**observation, "subject": {"reference": f"Patient/{patient}"}, "code": code, "effectiveDateTime": at}


def _sample_observation() -> dict[str, Any]:
    """A vital sign of the sample, without what ties it to its chart; about 1 KB."""
    chart = load_bundle(BUNDLES / load_seed().site("nord").charts[0])
    found = next(one for one in resources(chart) if one["resourceType"] == "Observation" and "valueQuantity" in one)
    kept = {name: value for name, value in found.items() if name not in {"id", "encounter", "performer"}}
    return {**kept, "meta": {**found.get("meta", {}), "security": [HTEST]}}


def _chart(observation: dict[str, Any], practitioner: str) -> dict[str, Any]:
    patient, labelled = f"urn:uuid:{uuid.uuid4()}", {"security": [HTEST]}
    encounter = {
        "resourceType": "Encounter",
        "meta": labelled,
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": patient},
        "participant": [{"individual": {"reference": practitioner}}],
        "period": {"start": rfc3339(utc_now())},
    }
    observations = [{**observation, "subject": {"reference": patient}} for _ in range(OBSERVATIONS)]
    people = {"resourceType": "Patient", "meta": labelled, "name": [{"family": "Mesure", "given": ["Test"]}]}
    entries = [{"fullUrl": patient, "resource": people, "request": {"method": "POST", "url": "Patient"}}]
    entries += [
        {"fullUrl": f"urn:uuid:{uuid.uuid4()}", "resource": one, "request": {"method": "POST", "url": one["resourceType"]}}
        for one in (encounter, *observations)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
