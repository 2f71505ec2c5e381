"""Cases and reviews: what the privacy officer has to judge, with its evidence, its clocks and the next step."""
