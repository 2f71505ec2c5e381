"""The sample of made-up people is what it says, and the seed keeps what it promises."""

import hashlib
import json
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from deploy.local.sample.charts import Bundle, load_bundle, resources
from deploy.local.sample.seed import BUNDLES, FIRST_FILES, Profession, Unit, load_seed

EIGHT_MEGABYTES = 8 * 1024 * 1024
FILES = sorted(path.name for path in BUNDLES.glob("*.json.gz"))
PATIENT_FILES = [name for name in FILES if name.startswith("patient-")]
SEED = load_seed()
SYNTHEA, NPI = "https://github.com/synthetichealth/synthea", "http://hl7.org/fhir/sid/us-npi"


@cache
def written(name: str) -> Bundle:
    return load_bundle(BUNDLES / name)


def of_type(bundle: Bundle, kind: str) -> list[dict[str, Any]]:
    return [resource for resource in resources(bundle) if resource["resourceType"] == kind]


def last_encounter(bundle: Bundle) -> dict[str, Any]:
    return max(of_type(bundle, "Encounter"), key=lambda encounter: encounter["period"]["start"])


def provider(encounter: dict[str, Any]) -> str:
    return str(encounter["serviceProvider"]["reference"]).removeprefix("Organization?identifier=")


def sees(unit: Unit, name: str) -> bool:
    """Whether one of the unit's organisations ever received the patient of this file."""
    return any(provider(encounter) in unit.organizations for encounter in of_type(written(name), "Encounter"))


class TestTheFiles:
    def test_are_those_of_the_manifest(self) -> None:
        manifest = json.loads((BUNDLES / "MANIFEST.json").read_text())

        assert sorted(manifest) == FILES
        for name, told in manifest.items():
            packed = (BUNDLES / name).read_bytes()
            found = {"bytes": len(packed), "sha256": hashlib.sha256(packed).hexdigest(), "count": len(written(name)["entry"])}
            assert told == found, name

    def test_stay_small(self) -> None:
        assert sum(path.stat().st_size for path in BUNDLES.iterdir()) <= EIGHT_MEGABYTES


class TestTheSeed:
    def test_has_enough_patients(self) -> None:
        nord, sud = SEED.site("nord"), SEED.site("sud")

        assert (len(nord.charts), len(nord.story_charts)) == (8, 25)
        assert (len(sud.charts), len(sud.story_charts)) == (5, 3)

    def test_names_files_that_exist_and_each_once(self) -> None:
        named = [name for site in SEED.sites for name in (*site.charts, *site.story_charts)]

        assert set(named) <= set(PATIENT_FILES)
        assert len(named) == len(set(named))

    def test_names_organisations_of_the_data_and_each_in_one_unit(self) -> None:
        known = {f"{SYNTHEA}|{organization['identifier'][0]['value']}" for organization in of_type(written(FIRST_FILES[0]), "Organization")}
        named = [organization for site in SEED.sites for unit in site.units for organization in unit.organizations]

        assert set(named) <= known
        assert len(named) == len(set(named))

    def test_ties_each_clinician_to_a_practitioner_who_works_in_the_unit(self) -> None:
        roles = {
            f"{NPI}|{role['practitioner']['identifier']['value']}": f"{SYNTHEA}|{role['organization']['identifier']['value']}"
            for role in of_type(written(FIRST_FILES[1]), "PractitionerRole")
        }

        for account in (account for account in SEED.accounts if account.profession is Profession.CLINICIAN):
            assert account.practitioner is not None
            assert account.unit is not None
            assert roles[account.practitioner] in SEED.unit(account.unit).organizations
            assert account.unit in {unit.id for unit in SEED.site(account.site).units}

    def test_ties_each_patient_to_a_chart_loaded_at_their_site(self) -> None:
        for account in (account for account in SEED.accounts if account.profession is Profession.PATIENT):
            assert account.chart in SEED.site(account.site).charts

    def test_gives_each_profession_its_purposes(self) -> None:
        assert len({account.login for account in SEED.accounts}) == len(SEED.accounts)
        assert {account.profession: account.purposes for account in SEED.accounts} == {
            Profession.CLINICIAN: ("TREAT",),
            Profession.CLERK: ("PATADMIN",),
            Profession.PRIVACY_OFFICER: ("HCOMPL", "RECORDMGT"),
            Profession.TRAINER: ("TRAIN",),
            Profession.OPERATOR: ("HSYSADMIN",),
            Profession.PATIENT: ("PATRQT",),
            Profession.INTEGRATION: ("RECORDMGT",),
        }

    @pytest.mark.parametrize(("site_id", "unit_id"), [("nord", "nord-medecine"), ("sud", "sud-medecine")])
    def test_takes_patients_last_seen_by_the_unit_and_never_by_dr_b(self, site_id: str, unit_id: str) -> None:
        site, unit = SEED.site(site_id), SEED.unit(unit_id)
        dr_b = str(SEED.account("b.bernard").practitioner).removeprefix(f"{NPI}|")

        for name in (*site.charts, *site.story_charts):
            assert provider(last_encounter(written(name))) in unit.organizations, name
            assert of_type(written(name), "Observation"), name
            assert not sees(SEED.unit("nord-chirurgie"), name), name
            assert dr_b not in json.dumps(written(name)), name

    def test_keeps_the_two_sites_patients_apart(self) -> None:
        nord, sud = SEED.site("nord"), SEED.site("sud")

        assert not any(sees(SEED.unit("sud-medecine"), name) for name in (*nord.charts, *nord.story_charts))
        assert not any(sees(SEED.unit("nord-medecine"), name) for name in (*sud.charts, *sud.story_charts))

    def test_lets_dr_c_have_seen_some_patients_and_not_others(self) -> None:
        seen = [name for name in SEED.site("nord").charts if sees(SEED.unit("nord-urgences"), name)]

        assert len(seen) == 3

    def test_tells_the_story_with_charts_whose_care_dr_c_has_no_part_in_any_more(self) -> None:
        """A relationship lasts thirty days after the encounter; the last encounter of each chart is moved to the day of loading."""
        for name in SEED.site("nord").story_charts:
            loaded = datetime.fromisoformat(last_encounter(written(name))["period"]["start"])
            visits = [one for one in of_type(written(name), "Encounter") if provider(one) in SEED.unit("nord-urgences").organizations]

            assert [one for one in visits if datetime.fromisoformat(one["period"]["end"]) > loaded - timedelta(days=32)] == [], name
