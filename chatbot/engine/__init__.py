"""The mathematics of domain.md as code. Assets are the first axis: (A,) one portfolio, (A, N) many portfolios, (A, T) history."""
