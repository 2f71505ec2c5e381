"""The pages of Serment, and the sessions of the people who use them."""
