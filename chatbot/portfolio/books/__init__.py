"""What an account at an exchange held when it was last accounted for, and what has changed it since: :class:`settling.Books`."""
