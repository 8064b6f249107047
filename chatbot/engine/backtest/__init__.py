"""A rule over recorded prices, in arrays: what holding, a calendar, or bands alone would have done (domain 12.2, 13)."""
