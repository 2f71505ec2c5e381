"""`python -m services.audit`."""

from services.audit.main import main

main()
