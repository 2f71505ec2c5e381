"""From a head that was read back to a checkpoint that anyone can verify."""
