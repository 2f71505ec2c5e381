"""Breaking the glass: one clinician opens one chart for some hours, says why, and is told of."""
