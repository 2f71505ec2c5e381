"""Traces: what one access set going across the services, for operators."""
