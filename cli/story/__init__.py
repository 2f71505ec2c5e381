"""The story that `make run` plays: what Serment promises, tried against a running installation, step by step."""
