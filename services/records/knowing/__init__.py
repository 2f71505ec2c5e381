"""What `records` knows in memory when it decides: chart headers, and who belongs to which unit."""
