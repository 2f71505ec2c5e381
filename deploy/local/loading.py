"""Loads the sample through the FHIR API, as an interface of the site would, and tells the issuer who is who."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import orjson

from deploy.local.launcher_error import LauncherError
from deploy.local.sample.charts import HTEST, prepare
from deploy.local.sample.seed import BUNDLES, FIRST_FILES, Account, Seed, Site
from shared.vocabulary import Profession

_NPI_ROLE = {"resourceType": "PractitionerRole", "meta": {"security": [HTEST]}, "active": True}


@dataclass(frozen=True, slots=True)
class Loader:
    """One site's FHIR base and a token of its interface account; `token` is asked anew for each call because it may have expired."""

    base: str
    token: Callable[[], str]
    today: date

    def load(self, file: str) -> dict[str, Any]:
        """The transaction-response of one sample file."""
        return self.load_noted(file)[0]

    def load_noted(self, file: str) -> tuple[dict[str, Any], str]:
        """The transaction-response, and the id of the note that tells of it."""
        return self.post(prepare(BUNDLES / file, self.today))

    def post(self, bundle: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        headers = {"authorization": f"Bearer {self.token()}", "content-type": "application/fhir+json"}
        answer = httpx.post(self.base, content=orjson.dumps(bundle), headers=headers, timeout=120, trust_env=False)
        if answer.is_error:
            raise LauncherError(f"The site refused a chart of the sample with {answer.status_code}: {answer.text[:500]}")
        return answer.json(), answer.headers.get("x-decision-id", "")


def load_site(loader: Loader, site: Site, seed: Seed, *, every_chart: bool, say: Callable[[str], None]) -> dict[str, dict[str, str]]:
    """Directory, staff, then charts; answers the claims learnt, by login."""
    directory: dict[str, str] = {}
    for file in FIRST_FILES:
        directory |= _addresses(prepare(BUNDLES / file, loader.today), loader.load(file))
    staff = [account for account in seed.accounts if account.site == site.id and account.practitioner and account.unit]
    loader.post(_roles(staff, site))
    claims = {account.login: {"practitioner": directory[str(account.practitioner)]} for account in staff}
    owners = {
        account.chart: account.login for account in seed.accounts if account.profession is Profession.PATIENT and account.site == site.id
    }
    charts = [file for file in site.charts if every_chart or file in owners]
    for count, file in enumerate(charts, 1):
        response = loader.load(file)
        say(f"{site.name}: chart {count} of {len(charts)} loaded, {len(response['entry'])} resources sealed.")
        if file in owners:
            claims[owners[file]] = {"patient": patient_of(response)}
    return claims


def patient_of(response: Mapping[str, Any]) -> str:
    """The id that the server gave to the patient of a chart."""
    return next(str(path[1]) for entry in response["entry"] if (path := entry["response"]["location"].split("/"))[0] == "Patient")


def _addresses(bundle: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, str]:
    """`system|value` to `Type/id` for everything that has an identifier."""
    found = {}
    for entry, answer in zip(bundle["entry"], response["entry"], strict=True):
        address = "/".join(answer["response"]["location"].split("/")[:2])
        for identifier in entry["resource"].get("identifier", []):
            found[f"{identifier.get('system', '')}|{identifier['value']}"] = address
    return found


def _roles(staff: list[Account], site: Site) -> dict[str, Any]:
    """A PractitionerRole for each clinician in each organisation of the unit, so that the unit's encounters are theirs."""
    units = {unit.id: unit for unit in site.units}
    roles = [
        _NPI_ROLE | {"practitioner": _named(str(account.practitioner)), "organization": _named(organization)}
        for account in staff
        for organization in units[str(account.unit)].organizations
    ]
    entries = [{"resource": role, "request": {"method": "POST", "url": "PractitionerRole"}} for role in roles]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _named(token: str) -> dict[str, Any]:
    system, _, value = token.partition("|")
    return {"identifier": {"system": system, "value": value}}
