"""The made-up people that the demo loads."""
