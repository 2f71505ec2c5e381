"""Answering questions: one resource, a search inside a chart, a whole chart."""
