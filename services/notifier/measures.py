"""The notifier's metrics; labels are our own words, never an id."""

from prometheus_client import Counter, Gauge

CASES = Counter("serment_notifier_cases_opened", "Cases opened by this process.", ["rule"])
ENDINGS = Counter("serment_notifier_mail_tries", "Tries to send a mail, by how they ended.", ["ending"])
MESSAGES = Gauge("serment_notifier_messages", "Messages by state; those refused need an operator's hand.", ["state"])
OVERDUE = Gauge("serment_notifier_overdue", "Deadlines that are past and still open.", ["of"])
NOBODY = Counter("serment_notifier_nobody_to_tell", "Facts for which the contacts name no privacy officer at all.")
