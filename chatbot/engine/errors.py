"""The one refusal of the engine: bad input, named by a code."""

from __future__ import annotations


class Refused(ValueError):
    """Input that the engine will not calculate with; ``code`` is one of the error codes of the domain.

    Codes: non_positive_value, negative_quantity, bad_price, targets_sum, negative_target, missing_target, missing_price,
    bad_band, bad_parameter, bad_schedule, bad_interval, too_few, zero_variance. ``subject`` names the asset, line or
    parameter where that helps.
    """

    def __init__(self, code: str, subject: str = "") -> None:
        super().__init__(f"{code}: {subject}" if subject else code)
        self.code = code
        self.subject = subject
