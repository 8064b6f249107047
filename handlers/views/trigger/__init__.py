"""Words about the market's triggers: where each stands, its limits, and what is known of it."""
