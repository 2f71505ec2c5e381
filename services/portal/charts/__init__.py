"""A clinician's view of one chart, and the way in when it is shut."""
