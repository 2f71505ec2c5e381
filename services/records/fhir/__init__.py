"""FHIR R4 as the records service reads it: parsed exactly, validated against the official schema, its references found."""
