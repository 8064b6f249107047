"""The steps that move an older database on; each is frozen once it was released."""
