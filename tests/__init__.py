"""What proves the product; `make test` runs it all."""
