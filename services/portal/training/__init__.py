"""Training: everybody's own modules, and a site's staff for its trainers."""
