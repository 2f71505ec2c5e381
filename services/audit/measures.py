"""The ledger's metrics; labels are logs and rules, nothing else."""

from prometheus_client import Counter, Gauge

APPENDED = Counter("serment_audit_entries_appended", "Entries appended to a log by this process.", ["log"])
SIZE = Gauge("serment_audit_log_size", "Entries in a log, as this process last committed it.", ["log"])
SIGNED_SIZE = Gauge("serment_audit_log_signed_size", "Size of the last checkpoint that this process signed.", ["log"])
UNSIGNED_AGE = Gauge("serment_audit_oldest_unsigned_seconds", "Age of the oldest entry that no checkpoint covers.", ["log"])
LAG = Gauge("serment_audit_sequencer_lag", "Kafka records that wait to be sequenced.", ["log"])
SUSPICIONS = Counter("serment_audit_suspicions_raised", "Suspicions raised by this process.", ["log", "rule"])
STOPPED = Gauge("serment_audit_sequencer_stopped", "1 when the sequencer stopped itself and waits for a person.", ["log"])
JUDGED = Counter("serment_audit_detection_events", "Records of a log that this process judged by the detection rules.", ["log"])
BEHIND = Gauge(
    "serment_audit_detection_seconds_behind", "Age of the last record judged by the detection rules, while others wait.", ["log"]
)
