"""What came of trading, in words: the review, the report with its files, the backtest, and their pictures."""
