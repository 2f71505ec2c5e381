"""What `records` promises."""
