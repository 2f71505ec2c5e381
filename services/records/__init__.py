"""Owns FHIR resources, sealed: decides, notes and answers every access to them, and erases charts."""
