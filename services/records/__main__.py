"""`python -m services.records`."""

from services.records.main import main

main()
