"""Arrays to pictures; matplotlib lives only here."""
