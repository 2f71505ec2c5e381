"""Whose records were seen: answers a breach case with the patients that its actor was answered about."""
