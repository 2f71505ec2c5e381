"""Erasing a chart: one officer proposes, another confirms."""
