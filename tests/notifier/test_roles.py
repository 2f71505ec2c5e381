"""Proves who may do what: one profession and purpose per deed, and only what one's own site watches over."""

import itertools
from pathlib import Path

import pytest

from services.notifier.contacts import Contact, Contacts, ContactsUnreadableError, load_contacts
from services.notifier.model import About, Asked, Thing
from services.notifier.refusals import REASONS, NotYoursError, require
from services.notifier.roles import ROLES, Deed, refuse
from shared.clock import utc_now
from shared.identity import Actor
from shared.vocabulary import Action, PatientId, Profession, Purpose


def asked(profession: Profession = Profession.PRIVACY_OFFICER, purpose: str = "HCOMPL", *, patient: str | None = None) -> Asked:
    known = PatientId(patient) if patient else None
    actor = Actor("u", "", profession, "nord", "", frozenset({purpose}), "", known, "", "", 0.0)
    return Asked(actor, purpose, utc_now(), About(Action.READ, Thing.CASE))


class TestRoles:
    @pytest.mark.parametrize("deed", Deed)
    def test_open_each_deed_to_one_profession_for_one_purpose(self, deed: Deed) -> None:
        open_to = [
            (profession, purpose)
            for profession, purpose in itertools.product(Profession, Purpose)
            if refuse(asked(profession, purpose, patient="p"), deed) is None
        ]

        assert open_to == [ROLES[deed]]

    @pytest.mark.parametrize(("watched_by", "reason"), [("nord", None), (None, None), ("sud", "watched-elsewhere")])
    def test_keep_officers_to_what_their_site_watches_over(self, watched_by: str | None, reason: str | None) -> None:
        assert refuse(asked(), Deed.DECIDE, watched_by=watched_by) == reason
        assert refuse(asked(), Deed.WATCH, watched_by=watched_by) == reason

    def test_want_a_record_of_the_patients_own(self) -> None:
        assert refuse(asked(Profession.PATIENT, "PATRQT"), Deed.READ_INBOX) == "no-record-of-your-own"

    def test_tell_each_reason_in_both_languages(self) -> None:
        reasons = {"not-for-this-role", "not-for-this-purpose", "watched-elsewhere", "no-record-of-your-own"}

        assert set(REASONS) == reasons
        with pytest.raises(NotYoursError) as refused:
            require(asked(Profession.OPERATOR), Deed.WATCH)
        assert refused.value.said() is REASONS["not-for-this-role"]


def a_contact(ident: str, site: str, profession: Profession = Profession.PRIVACY_OFFICER) -> Contact:
    return Contact(id=ident, profession=profession, site=site, mail=f"{ident}@demo.invalid")


class TestContacts:
    def test_name_the_officers_of_a_site(self) -> None:
        contacts = Contacts(
            [a_contact("b", "nord"), a_contact("a", "nord"), a_contact("c", "sud"), a_contact("d", "nord", Profession.CLERK)]
        )

        assert contacts.officers("nord") == ["a", "b"]
        assert contacts.officers(None) == ["a", "b", "c"]
        assert (contacts.watching("nord"), contacts.watching(None)) == ("nord", None)

    def test_give_a_site_without_an_officer_to_those_of_the_group(self) -> None:
        assert Contacts([a_contact("a", "nord")]).watching("sud") is None

    def test_know_nobody_else(self) -> None:
        assert Contacts([]).mail_of("x") is None

    def test_are_read_from_the_file_of_the_installation(self, tmp_path: Path) -> None:
        file = tmp_path / "staff.json"
        file.write_text(
            '[{"id": "a", "login": "o", "name": "O", "profession": "privacy-officer", "site": "nord", "unit": null, "mail": "o@x"}]'
        )

        assert load_contacts(file).mail_of("a") == "o@x"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("[", "the file"),
            ('[{"id": "a"}]', "0.profession"),
            ('[{"profession": "boss"}]', "0."),
            ('[{"id": "a", "profession": "clerk", "site": "nord", "mail": "boss at home"}]', "0.mail"),
        ],
    )
    def test_say_where_the_file_is_wrong_and_quote_nothing(self, tmp_path: Path, text: str, said: str) -> None:
        file = tmp_path / "staff.json"
        file.write_text(text)

        with pytest.raises(ContactsUnreadableError, match=said) as wrong:
            load_contacts(file)
        assert "boss" not in str(wrong.value)

    def test_miss_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ContactsUnreadableError, match="cannot be read"):
            load_contacts(tmp_path / "none.json")
