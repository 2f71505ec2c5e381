"""The words two services must agree on, and the one way to open each outside system; no rule of any service."""
