"""`python -m services.portal`."""

from services.portal.main import main

main()
