"""A patient's choices: what they said, what a change would do, and the receipt that it is in force."""
