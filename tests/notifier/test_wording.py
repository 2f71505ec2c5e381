"""Proves that every message can be said in both languages, and that a mail carries no more than a reference."""

import email
import email.policy
import re
import string
from datetime import UTC, datetime, timedelta
from email.errors import MessageError
from email.message import EmailMessage

import pytest

from services.notifier.cases.clocks import load_clocks
from services.notifier.cases.lifecycle import Move, moved
from services.notifier.cases.model import Case
from services.notifier.messages.delivery import FIRST_PAUSE, LEADS_TO, LONGEST_PAUSE, Ending, next_try
from services.notifier.messages.letter import letter, message_id
from services.notifier.messages.model import Claimed, Mail, MessageState, message_ident
from services.notifier.messages.telling import (
    mail_of_duty,
    mails_of_emergency,
    mails_of_overdue,
    mails_of_overdue_request,
    mails_of_overdue_review,
    mails_of_request,
    mails_of_step,
    said_to_patient,
)
from services.notifier.messages.wording import EMERGENCY_IN_YOUR_RECORD, REQUEST_ANSWERED, REQUEST_EXTENDED, TEMPLATES, worded
from services.notifier.requests.model import PatientRequest, RequestKind
from services.notifier.reviews.model import Review
from shared.events.governance import DutyReminded
from shared.vocabulary import PatientId
from tests.notifier.test_lifecycle import NOW, a_case, a_decision

PATIENT = PatientId("5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11")
PORTAL = "https://portal.example"
HOUR = timedelta(hours=1)
REVIEW = Review("grant-1", PATIENT, "nord", "staff-1", "nord-urgences", NOW, NOW + 4 * HOUR, NOW + 72 * HOUR)

REMINDED = DutyReminded(staff="clerk", module="privacy-basics", valid_until=NOW + 24 * HOUR, by="trainer", reminded_at=NOW)


TO_PATIENTS = {EMERGENCY_IN_YOUR_RECORD, REQUEST_ANSWERED, REQUEST_EXTENDED}
REQUEST = PatientRequest("request-1", PatientId(PATIENT), RequestKind.COPY, "nord", NOW, NOW + 192 * HOUR, b"sealed")


def step_by_step() -> list[Case]:
    case, rules = a_case(), load_clocks()
    confirmed = moved(case, a_decision(Move.CONFIRM), note="n", now=NOW + HOUR, rules=rules)
    dismissed = moved(case, a_decision(Move.DISMISS), note="n", now=NOW + HOUR, rules=rules)
    return [case, confirmed, dismissed, moved(confirmed, a_decision(Move.CLOSE, 2), note="n", now=NOW + 2 * HOUR, rules=rules)]


def every_mail() -> list[Mail]:
    mails = [mail for case in step_by_step() for mail in mails_of_step(case, ["officer"], portal=PORTAL)]
    mails += mails_of_overdue(a_case(), a_case().clocks[0], ["officer"], portal=PORTAL, now=NOW)
    mails += mails_of_emergency(REVIEW, ["officer"], portal=PORTAL, now=NOW)
    mails += mails_of_request(REQUEST, ["officer"], portal=PORTAL)
    mails += mails_of_overdue_request(REQUEST, ["officer"], portal=PORTAL, now=NOW)
    mails.append(mail_of_duty(REMINDED, portal=PORTAL))
    return mails + mails_of_overdue_review(REVIEW, ["officer"], portal=PORTAL, now=NOW)


def a_letter(mail: Mail) -> EmailMessage:
    claimed = Claimed(
        mail.ident, "c", mail.to, mail.template, mail.values, mail.at, message_id(mail.ident, sender="serment@demo.invalid"), 1
    )
    raw = letter(claimed, sender="serment@demo.invalid", to="o.leroy@demo.invalid")
    return email.message_from_bytes(raw, policy=email.policy.SMTP)


class TestTelling:
    def test_uses_every_template(self) -> None:
        assert {mail.template for mail in every_mail()} | TO_PATIENTS == set(TEMPLATES)

    def test_tells_nobody_of_a_closing(self) -> None:
        assert mails_of_step(step_by_step()[-1], ["officer"], portal=PORTAL) == []

    def test_makes_one_message_per_person_and_fact(self) -> None:
        mails = [mail for case in step_by_step() for mail in mails_of_step(case, ["a", "b"], portal=PORTAL)]

        assert len({mail.ident for mail in mails}) == len(mails) == 6
        assert message_ident("a", "b", "c") == message_ident("a", "b", "c") != message_ident("a", "bc", "")

    def test_says_nothing_about_a_patient_in_a_mail(self) -> None:
        about_them = [PATIENT, REVIEW.staff, REVIEW.unit]

        for mail in every_mail():
            text = a_letter(mail).get_content() + str(mail.values)
            assert [word for word in about_them if word in text] == []


class TestWording:
    @pytest.mark.parametrize("name", TEMPLATES)
    def test_asks_for_the_same_in_both_languages(self, name: str) -> None:
        def asked(text: str) -> set[str]:
            return {field for _, field, _, _ in string.Formatter().parse(text) if field}

        template = TEMPLATES[name]

        assert asked(template.subject.en) == asked(template.subject.fr)
        assert asked(template.text.en) == asked(template.text.fr)

    @pytest.mark.parametrize("language", ["fr", "en"])
    def test_says_instants_to_the_minute_with_their_zone(self, language: str) -> None:
        _, text = worded(EMERGENCY_IN_YOUR_RECORD, said_to_patient(REVIEW), language)

        said = {"fr": "25/11/2026 à 18\u00a0h\u00a006 (UTC)", "en": "2026-11-25, 18:06 UTC"}
        assert said[language] in text
        assert "{" not in text

    def test_sets_french_signs_apart_without_a_break(self) -> None:
        said = [text for template in TEMPLATES.values() for text in (template.subject.fr, template.text.fr)]

        assert [text for text in said if re.search(r"[^\u00a0][:;?!»](?!//)(?=\s)", text) or "'" in text] == []


class TestLetter:
    def test_holds_both_languages_a_link_and_its_own_name(self) -> None:
        [mail] = mails_of_step(a_case(), ["officer"], portal=PORTAL)

        set_letter = a_letter(mail)

        assert set_letter["Message-ID"] == f"<{mail.ident}@demo.invalid>"
        assert (set_letter["To"], set_letter["Auto-Submitted"]) == ("o.leroy@demo.invalid", "auto-generated")
        assert "Violation suspectée" in set_letter["Subject"]
        assert "Suspected breach" in set_letter["Subject"]
        assert set_letter.get_content().count(f"{PORTAL}/cases/c") == 2

    def test_is_the_same_bytes_each_time(self) -> None:
        [mail] = mails_of_step(a_case(), ["officer"], portal=PORTAL)
        tries = [
            letter(Claimed(mail.ident, claim, mail.to, mail.template, mail.values, mail.at, "<m@x>", tries), sender="s@x", to="o@x")
            for claim, tries in (("one", 1), ("two", 9))
        ]

        assert tries[0] == tries[1]
        assert max(map(len, tries[0].splitlines())) <= 998
        tries[0].decode("ascii")

    def test_leads_to_the_module_that_is_due(self) -> None:
        text = a_letter(mail_of_duty(REMINDED, portal=PORTAL)).get_content()

        assert text.count(f"{PORTAL}/modules/privacy-basics") == 2
        assert "2026-11-26, 18:06 UTC" in text
        assert "trainer" not in text

    @pytest.mark.parametrize("address", ["nobody", "a@b\r\nBcc: c@d", ""])
    def test_is_not_set_for_an_address_that_is_none(self, address: str) -> None:
        [mail] = mails_of_step(a_case(), ["officer"], portal=PORTAL)

        with pytest.raises((ValueError, LookupError, MessageError)):
            letter(Claimed(mail.ident, "c", mail.to, mail.template, mail.values, mail.at, "<m@x>", 1), sender="s@x", to=address)


class TestDelivery:
    def test_tries_again_what_is_not_known_to_have_arrived(self) -> None:
        again = {ending for ending in Ending if next_try(ending, 1, NOW) is not None}

        assert again == {Ending.NOT_YET, Ending.UNCLEAR}
        assert LEADS_TO[Ending.UNCLEAR] is MessageState.UNKNOWN

    def test_pauses_longer_each_time_and_never_gives_up(self) -> None:
        pauses = [(next_try(Ending.NOT_YET, tries, NOW) or NOW) - NOW for tries in (1, 2, 3, 20, 10_000)]

        assert pauses == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4, LONGEST_PAUSE, LONGEST_PAUSE]

    def test_is_dated_by_the_fact_not_by_the_try(self) -> None:
        [mail] = mails_of_step(a_case(), ["officer"], portal=PORTAL)

        assert a_letter(mail)["Date"].datetime == datetime(2026, 11, 25, 18, 6, 37, tzinfo=UTC)
