"""What came of trading, in numbers: measures of a run of values, what each trigger brought, what each sale realised (domain 12, 13)."""
