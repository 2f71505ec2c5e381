"""`python -m deploy.local.login`."""

from deploy.local.login.main import main

main()
