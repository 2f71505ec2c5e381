"""What needs a real browser: each person's journey through the pages, what axe finds in them, and their screenshots."""
