"""The charts of the sample are prepared as the demo needs them."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from itertools import zip_longest
from typing import Any

import pytest

from deploy.local.sample.charts import (
    DEMO_INS,
    HTEST,
    Bundle,
    as_transaction,
    demo_ins,
    label_htest,
    load_bundle,
    prepare,
    resources,
    shift_dates,
)
from deploy.local.sample.seed import BUNDLES, FIRST_FILES

TODAY = date(2028, 2, 29)
FILES = sorted(path.name for path in BUNDLES.glob("*.json.gz"))
PATIENT_FILES = [name for name in FILES if name.startswith("patient-")]
DATE_ELEMENTS = {
    "AllergyIntolerance": {"recordedDate"},
    "CarePlan": {"period.end", "period.start"},
    "CareTeam": {"period.end", "period.start"},
    "Condition": {"abatementDateTime", "onsetDateTime", "recordedDate"},
    "Device": {"expirationDate", "manufactureDate"},
    "DiagnosticReport": {"effectiveDateTime", "issued"},
    "DocumentReference": {"context.period.end", "context.period.start", "date"},
    "Encounter": {"participant.period.end", "participant.period.start", "period.end", "period.start"},
    "ImagingStudy": {"series.started", "started"},
    "Immunization": {"occurrenceDateTime"},
    "MedicationAdministration": {"effectiveDateTime"},
    "MedicationRequest": {"authoredOn"},
    "Observation": {"effectiveDateTime", "issued"},
    "Patient": {"birthDate", "deceasedDateTime"},
    "Procedure": {"performedPeriod.end", "performedPeriod.start"},
    "Provenance": {"recorded"},
}


@cache
def written(name: str) -> Bundle:
    return load_bundle(BUNDLES / name)


@cache
def prepared(name: str) -> Bundle:
    return prepare(BUNDLES / name, TODAY)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each plain value with its path; places in lists are left out of the path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def moves(name: str) -> Iterator[tuple[tuple[str, str], str, str]]:
    """Each value that `shift_dates` changed: where it stands, what it was, what it is."""
    before, after = written(name), shift_dates(written(name), TODAY)
    for old, new in zip_longest(resources(before), resources(after)):
        for (path, was), (new_path, becomes) in zip_longest(leaves(old), leaves(new)):
            assert path == new_path
            if was != becomes:
                yield (old["resourceType"], ".".join(path)), was, becomes


def a_visit(start: str, **more: object) -> Bundle:
    visit = {"resourceType": "Encounter", "period": {"start": start}, **more}
    return {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": visit}]}


def without_additions(resource: dict[str, Any]) -> dict[str, Any]:
    meta = {key: value for key, value in resource.get("meta", {}).items() if key != "security"}
    kept = {**resource, "meta": meta}
    if resource["resourceType"] == "Patient":
        kept["identifier"] = [identifier for identifier in resource["identifier"] if identifier["system"] != DEMO_INS]
    return kept


class TestShiftDates:
    @pytest.mark.parametrize("name", PATIENT_FILES)
    def test_puts_the_last_encounter_on_today_and_moves_the_rest_alike(self, name: str) -> None:
        moved = list(moves(name))

        visits = [visit for visit in resources(shift_dates(written(name), TODAY)) if visit["resourceType"] == "Encounter"]
        last = max(datetime.fromisoformat(visit["period"]["start"]) for visit in visits)
        days = {date.fromisoformat(becomes[:10]) - date.fromisoformat(was[:10]) for _, was, becomes in moved}
        assert last.astimezone(UTC).date() == TODAY
        assert len(days) == 1
        assert all(was[10:] == becomes[10:] for _, was, becomes in moved)

    def test_moves_every_date_element_and_nothing_else(self) -> None:
        moved: Counter[tuple[str, str]] = Counter()
        present: Counter[tuple[str, str]] = Counter()
        for name in PATIENT_FILES:
            moved.update(where for where, _, _ in moves(name))
            present.update((kind["resourceType"], ".".join(path)) for kind in resources(written(name)) for path, _ in leaves(kind))

        assert moved == Counter({(kind, path): present[kind, path] for kind, paths in DATE_ELEMENTS.items() for path in paths})

    @pytest.mark.parametrize("name", FIRST_FILES)
    def test_leaves_a_bundle_without_encounters_as_it_is(self, name: str) -> None:
        assert shift_dates(written(name), TODAY) == written(name)

    @pytest.mark.parametrize(
        ("was", "becomes"),
        [
            ("2019", "2020"),
            ("2019-03", "2020-03"),
            ("2019-03-01", "2020-02-29"),
            ("2019-03-01T23:30:00.5Z", "2020-02-29T23:30:00.5Z"),
            ("2019-03-01T23:30:00+02:00", "2020-02-29T23:30:00+02:00"),
        ],
    )
    def test_keeps_a_date_as_precise_as_it_was(self, was: str, becomes: str) -> None:
        bundle = a_visit("2019-03-01T10:00:00Z", extension=[{"url": "2019", "valueDateTime": was}])

        visit = resources(shift_dates(bundle, date(2020, 2, 29)))[0]

        assert visit["extension"] == [{"url": "2019", "valueDateTime": becomes}]

    @pytest.mark.parametrize(
        ("start", "becomes"), [("2019-03-01T00:30:00+02:00", "2020-03-02T00:30:00+02:00"), ("2019-03-01", "2020-03-01")]
    )
    def test_counts_days_in_utc(self, start: str, becomes: str) -> None:
        visit = resources(shift_dates(a_visit(start), date(2020, 3, 1)))[0]

        assert visit["period"]["start"] == becomes

    def test_leaves_identifiers_and_codes_that_look_like_dates(self) -> None:
        lookalikes = {"identifier": [{"value": "2019-01-01"}], "lotNumber": "7111", "code": {"coding": [{"code": "1191"}]}}

        visit = resources(shift_dates(a_visit("2019-03-01T10:00:00Z", **lookalikes), TODAY))[0]

        assert lookalikes.items() <= visit.items()


class TestPrepare:
    @pytest.mark.parametrize("name", FILES)
    def test_labels_each_resource_once(self, name: str) -> None:
        assert all(resource["meta"]["security"].count(HTEST) == 1 for resource in resources(prepared(name)))
        assert label_htest(prepared(name)) == prepared(name)

    @pytest.mark.parametrize("name", FILES)
    def test_makes_a_transaction_of_new_resources(self, name: str) -> None:
        bundle = prepared(name)

        assert bundle["type"] == "transaction"
        assert not any("id" in resource for resource in resources(bundle))
        assert [entry["fullUrl"] for entry in bundle["entry"]] == [entry["fullUrl"] for entry in written(name)["entry"]]
        assert [entry["request"] for entry in bundle["entry"]] == [entry["request"] for entry in written(name)["entry"]]

    @pytest.mark.parametrize("name", FILES)
    def test_changes_nothing_else(self, name: str) -> None:
        expected = as_transaction(shift_dates(written(name), TODAY))

        assert [without_additions(resource) for resource in resources(prepared(name))] == [
            without_additions(r) for r in resources(expected)
        ]

    @pytest.mark.parametrize("name", PATIENT_FILES)
    def test_gives_the_patient_one_demo_ins_with_its_control_key(self, name: str) -> None:
        (patient,) = (resource for resource in resources(prepared(name)) if resource["resourceType"] == "Patient")

        systems = Counter(identifier["system"] for identifier in patient["identifier"])
        (ins,) = (identifier["value"] for identifier in patient["identifier"] if identifier["system"] == DEMO_INS)
        assert systems[DEMO_INS] == 1
        assert not any(system.endswith(".1.4.8") for system in systems)
        assert ins.isdecimal()
        assert len(ins) == 15
        assert int(ins[13:]) == 97 - int(ins[:13]) % 97

    def test_gives_each_file_its_own_ins(self) -> None:
        assert len({demo_ins(name) for name in PATIENT_FILES}) == len(PATIENT_FILES)

    def test_leaves_what_it_was_given_untouched(self) -> None:
        bundle = load_bundle(BUNDLES / PATIENT_FILES[0])

        label_htest(as_transaction(shift_dates(bundle, TODAY)))

        assert bundle == load_bundle(BUNDLES / PATIENT_FILES[0])
