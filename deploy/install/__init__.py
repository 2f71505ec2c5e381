"""Makes everything that services need in the outside systems: idempotent, the same code on one machine and on many."""
