"""Use cases that chat and monitor share."""
