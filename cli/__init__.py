"""The `serment` command: gathers what the services and the launcher offer to people at a terminal."""
