"""What trading brought: value against what would have been without it, what each trigger added, what it cost (/review)."""
