"""What `consent` and the replicas of `records` agree on when one asks the other for a lease."""

from dataclasses import dataclass

MARGIN = 1.0
"""Seconds that whoever waits for leases to run out waits longer than they last."""

SECRET_HEADER = "x-serment-enforcement"  # noqa: S105 - the header's name; connections between machines are mutual TLS besides
LEASE_PATH = "/enforcement/leases"
ERASURE_PATH = "/enforcement/erasures"


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """The first line of a lease's answer: everything up to `head` follows; the lease lasts `seconds` after it was asked for."""

    epoch: int
    head: int
    seconds: float
