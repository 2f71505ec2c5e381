"""What a training module and a staff file must be, and the one sentence that says what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.governance.module_shelf import FOLDER, load_modules
from services.governance.permissions import LEARNERS
from services.governance.staff_file import read_staff
from services.governance.training_module import TrainingModule
from services.governance.validated_files import UnfitFileError
from tests.governance.governance_desk import a_module, a_question, a_text

PERSON = {
    "id": "1",
    "login": "d.durand",
    "name": "Denis Durand",
    "profession": "clerk",
    "site": "nord",
    "unit": None,
    "mail": "d@x.invalid",
}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in a_module().items() if key != name}


def a_file(folder: Path, text: str, name: str = "basics.json") -> Path:
    (folder / name).write_text(text)
    return folder / name


class TestShippedModules:
    @pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
    def test_say_every_text_in_two_different_ways(self, path: Path) -> None:
        assert same_in_both(json.loads(path.read_text())) == []

    @pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
    def test_write_french_as_french_wants_it(self, path: Path) -> None:
        french = [text["fr"] for text in texts(json.loads(path.read_text()))]

        assert [text for text in french if "'" in text or any(f" {mark}" in text for mark in ":;?!»") or "« " in text] == []

    def test_give_everybody_on_the_staff_a_duty(self) -> None:
        assert [profession for profession in LEARNERS if not load_modules().required(profession)] == []

    def test_are_not_passed_by_leaving_out_more_than_a_fifth(self) -> None:
        for path in FOLDER.glob("*.json"):
            module = TrainingModule.model_validate_json(path.read_bytes())
            assert len(module.questions) >= 5
            assert module.pass_mark >= 0.8 * len(module.questions)


class TestLoadModules:
    @pytest.mark.parametrize(
        ("module", "said"),
        [
            (without("title"), "title: Field required"),
            (a_module(title={"en": "Basics", "fr": " "}), "title: a text must be there in English and in French"),
            (a_module(title={"en": "Basics"}), "title.fr: Field required"),
            (a_module(colour="red"), "colour: Extra inputs are not permitted"),
            (a_module(professions=[]), "professions: "),
            (a_module(professions=["janitor"]), "professions.0: "),
            (a_module(professions=["patient"]), "not a profession of the staff: patient"),
            (a_module(validity_days=0), "validity_days: "),
            (a_module(pass_mark=0), "pass_mark: "),
            (a_module(pass_mark=4), "pass_mark is 4, but there are 3 questions"),
            (a_module(pages=[]), "pages: "),
            (a_module(questions=[a_question("one"), a_question("one")]), "two questions have the same id: one"),
            (a_module(questions=[a_question("one"), a_question("two", "d")]), "questions.1: `right` names what is no choice: d"),
            (a_module(questions=[a_question("one"), a_question("two") | {"right": []}]), "questions.1.right: "),
            (a_module(questions=[a_question("one"), a_question("Two")]), "questions.1.id: "),
            (
                a_module(questions=[a_question("one"), a_question("two") | {"choices": [{"id": "a", "text": a_text("a")}] * 2}]),
                "questions.1: two choices have the same id: a",
            ),
        ],
        ids=lambda given: given if isinstance(given, str) else "",
    )
    def test_says_in_one_sentence_what_is_wrong(self, tmp_path: Path, module: dict[str, Any], said: str) -> None:
        path = a_file(tmp_path, json.dumps(module))

        with pytest.raises(UnfitFileError) as unfit:
            load_modules(tmp_path)

        assert str(unfit.value).startswith(f"The training module {path} is not fit: {said}")
        assert str(unfit.value).endswith(".")
        assert "\n" not in str(unfit.value)

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"title": "\udcff"}', "[" * 100_000])
    def test_says_so_of_what_is_no_module_at_all(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "basics.json").write_bytes(text.encode(errors="surrogateescape"))

        with pytest.raises(UnfitFileError, match=r"^The training module .*basics\.json is not fit: .+\.$"):
            load_modules(tmp_path)

    def test_counts_what_else_is_wrong(self, tmp_path: Path) -> None:
        a_file(tmp_path, json.dumps(a_module(validity_days="x", pass_mark="y", pages=[])))

        with pytest.raises(UnfitFileError, match=r"validity_days: .*, and 2 more\.$"):
            load_modules(tmp_path)

    def test_wants_names_that_fit_into_an_address(self, tmp_path: Path) -> None:
        a_file(tmp_path, json.dumps(a_module()), "Privacy basics.json")

        with pytest.raises(UnfitFileError, match="small letters, digits and hyphens"):
            load_modules(tmp_path)

    def test_wants_a_module_at_least(self, tmp_path: Path) -> None:
        with pytest.raises(UnfitFileError, match=r"holds no \.json file"):
            load_modules(tmp_path)


class TestReadStaff:
    def test_reads_what_the_launcher_writes(self, tmp_path: Path) -> None:
        path = a_file(tmp_path, json.dumps([PERSON, PERSON | {"id": "2", "unit": "nord-medecine"}]), "staff.json")

        assert [(person.id, person.unit) for person in read_staff(path)] == [("1", None), ("2", "nord-medecine")]

    @pytest.mark.parametrize(
        ("staff", "said"),
        [
            ([], "it names nobody"),
            ([PERSON, PERSON], "entry 1 has an id that an earlier entry has"),
            ([PERSON | {"profession": "patient"}], "0.profession: patients and interfaces are not staff"),
            ([PERSON | {"profession": "janitor"}], "0.profession: "),
            ([PERSON | {"id": ""}], "0.id: "),
            ([{"id": "1"}], "0.login: Field required, and 3 more"),
            ({"staff": []}, ""),
        ],
        ids=lambda given: given if isinstance(given, str) else "",
    )
    def test_says_in_one_sentence_what_is_wrong_and_names_nobody(self, tmp_path: Path, staff: Any, said: str) -> None:
        path = a_file(tmp_path, json.dumps(staff), "staff.json")

        with pytest.raises(UnfitFileError) as unfit:
            read_staff(path)

        assert str(unfit.value).startswith(f"The staff file {path} is not fit: {said}")
        assert "Durand" not in str(unfit.value)

    def test_says_so_when_there_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(UnfitFileError, match=r"cannot be read: No such file or directory\.$"):
            read_staff(tmp_path / "staff.json")


def texts(found: Any) -> list[dict[str, str]]:
    if isinstance(found, dict) and found.keys() == {"en", "fr"}:
        return [found]
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return [text for one in inner for text in texts(one)]


def same_in_both(module: Any) -> list[str]:
    return [text["en"] for text in texts(module) if text["en"] == text["fr"]]
