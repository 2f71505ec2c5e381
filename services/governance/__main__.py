"""`python -m services.governance`."""

from services.governance.main import main

main()
