"""What is remembered; SQLAlchemy lives only here."""
