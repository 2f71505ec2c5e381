"""What `portal` states; identity events are notes, made by `shared/notes.py`, and their types stand here."""

SIGNED_IN = "org.serment.portal.signed-in.v1"
SIGNED_OUT = "org.serment.portal.signed-out.v1"
SIGN_IN_FAILED = "org.serment.portal.sign-in-failed.v1"
