"""The staff and their duties: who works here, which training each must keep up, and until when it holds."""
