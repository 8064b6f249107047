"""The private half of the one door to ccxt: accounts of real people, as the protocol ``Exchange`` of ``exchanges/base.py``.

``opening.Accounts`` makes them: ``Accounts(clock, options).account("binance", credentials, tag=..., journal=...)`` trades, and with
``watch=True`` only looks. ``account.py`` speaks our names and units, ``dialect.py`` says what a venue must be able to tell; ``binance.py``
and ``bybit.py`` are two. ``line.py`` signs and sends for all accounts of a venue, ``budget.py`` keeps them inside its limits.
"""
