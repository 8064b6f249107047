"""A played market as a person meets it: what they make happen in it, and how fast it runs while they think."""
