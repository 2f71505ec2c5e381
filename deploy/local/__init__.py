"""Runs the whole platform on one machine, loopback only: servers fetched, started, watched and ended as child processes."""
