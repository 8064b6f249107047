"""Chinese signs stand between the parts of a message in Chinese, and nowhere else."""

from __future__ import annotations

import re

import pytest

from handlers.loopback.markup import parse_html
from handlers.views.punctuation import punctuated
from tests.handlers.views.view_examples import PLAIN, every_view
from tests.languages import CATALOGUE


@pytest.mark.parametrize(
    ("joined", "written"),
    [
        ("不交易。 <b>SOL</b> 涨。", "不交易。<b>SOL</b> 涨。"),
        ("略过： SOL：US$6.10, 12, 13", "略过：SOL：US$6.10, 12, 13"),
        ("<b>保护</b>, 已成交 41%, 至今：3.", "<b>保护</b>，已成交 41%，至今：3."),
        ("低于目标 <b>5.0</b> 个百分点.\n读取。", "低于目标 <b>5.0</b> 个百分点。\n读取。"),
        ("发送：<code>/keep 中文, 0.2 BTC</code>。 好", "发送：<code>/keep 中文, 0.2 BTC</code>。好"),
        ("PAPER · 我的, rising. Nothing to do.", "PAPER · 我的, rising. Nothing to do."),
        ("اشتر، 5", "اشتر، 5"),
    ],
)
def test_signs_and_spaces_are_those_of_the_language(joined: str, written: str) -> None:
    """Numbers, and what is copied, keep theirs; a Chinese name changes no English message."""
    assert punctuated(joined) == written
    assert punctuated(written) == written


@pytest.mark.slow
def test_no_view_in_chinese_has_a_half_width_sign_behind_a_letter() -> None:
    """Whatever is joined, in every message."""
    found = re.compile(r"[\u4e00-\u9fff\uff09\u201d][,;.](?=\s|$)|[：，。；] ")
    for key, view in every_view(PLAIN).items():
        text = parse_html(re.sub("<code>.*?</code>", "0", view(CATALOGUE.words("zh", "Europe/Moscow")).text)).text
        assert not found.search(text), (key, text)
