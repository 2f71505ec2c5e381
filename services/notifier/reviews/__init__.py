"""Reviews of emergencies: each one looked at afterwards by a privacy officer, in time."""
