"""The login page before OpenBao on one machine: a password becomes a code, and nothing is kept."""
