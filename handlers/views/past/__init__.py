"""What came of trading, in words: the review and its picture, and the report with its files."""
