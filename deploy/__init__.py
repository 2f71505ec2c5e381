"""Puts Serment on machines: one machine here, many by the same installer."""
