"""What a person holds: what differs from what was known, and what an answer changed, so that it can be taken back."""
