"""Log lines: one object a line, and no bot token in any of them, however it got there."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from chatbot import logs
from chatbot.logs import masked
from tests.places import ROOT

TOKEN = "7000000001:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
tokens = st.from_regex(r"[0-9]{8,12}:[A-Za-z0-9_-]{35}", fullmatch=True)


@given(
    token=tokens, before=st.sampled_from(["", "bot", "https://host/bot", "'", "=", " "]), after=st.sampled_from(["", "/getMe", "'", " "])
)
def test_a_token_is_masked_wherever_it_stands(token: str, before: str, after: str) -> None:
    """In an address, in quotes, alone, and with its colon written as %3A."""
    for written in (token, token.replace(":", "%3A")):
        line = masked(f"{before}{written}{after}")
        assert token.partition(":")[2] not in line
        assert "[token]" in line


@given(text=st.text(max_size=200))
def test_other_text_is_left_alone(text: str) -> None:
    """Only what looks like a token is touched, and masking twice changes nothing."""
    once = masked(text)
    assert masked(once) == once
    assert once == text or "[token]" in once


#: with everything that is written otherwise in an address, in JSON or in a traceback
PASSWORD = "pa ss/w@rd:'1\"é"
PROGRAM = f"""
import json, logging, structlog
from urllib.parse import quote, quote_plus
from chatbot import logs
logs.set_up({{level!r}})
PASSWORD = {PASSWORD!r}
logs.hide([PASSWORD, "info", ""])
log = structlog.get_logger()
log.info("plain", url="https://host/bot{TOKEN}/getMe", nested={{{{"deep": ["{TOKEN}"]}}}}, error=ValueError("{TOKEN}"), odd=object())
log.debug("quiet")
logging.getLogger("httpx").info("POST https://host/bot{TOKEN}/getMe")
logging.getLogger("library").error("failed for %s", "{TOKEN}")
for written in (PASSWORD, quote(PASSWORD, safe=""), quote_plus(PASSWORD), json.dumps([PASSWORD]), repr([PASSWORD])):
    log.info("connecting", url=f"postgresql://bot:{{{{written}}}}@host/ballast", nested=[dict(password=written)])
    logging.getLogger("library").error("refused %s", written)
try:
    raise ValueError("bot{TOKEN}", PASSWORD)
except ValueError:
    log.exception("ours")
    logging.getLogger("library").exception("theirs")
raise RuntimeError("the end of {TOKEN}", PASSWORD)
"""


def output(level: str) -> str:
    """Return what a process writes that logs a token in every way."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(level=level)], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    return ended.stdout + ended.stderr


def test_no_line_and_no_traceback_shows_a_token() -> None:
    """Values, nested values, errors, libraries, tracebacks, and the last words of a process, at the most talkative level."""
    written = output("DEBUG")
    assert TOKEN not in written
    assert TOKEN.partition(":")[2] not in written
    for told in ("plain", "quiet", "failed for [token]", "ours", "theirs", "the end of [token]"):
        assert told in written
    assert "POST" not in written, "libraries are heard from WARNING on"


def test_no_line_and_no_traceback_shows_what_is_to_be_hidden() -> None:
    """A password as it is, in addresses, in JSON and quoted, at every place where a token could stand; short words stay readable."""
    written = output("DEBUG")
    for part in (PASSWORD, "w@rd", "w%40rd", "ss/w"):
        assert part not in written, part
    assert written.count("[secret]") >= 17
    assert '"level": "info"' in written


def test_our_lines_are_json_and_the_level_counts() -> None:
    """Elsewhere than on a terminal each line is an object with level, time and event."""
    written = output("INFO")
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines] == ["plain", *["connecting"] * 5, "ours"]
    assert all({"level", "timestamp"} <= line.keys() for line in lines)
    assert "Traceback" in lines[-1]["exception"]


def test_a_line_that_repeats_is_written_a_few_times_a_minute_and_counted() -> None:
    """A full disk must not be filled by the log of it; other lines are not touched."""
    now = [0.0]
    throttle = logs.Throttle(lambda: now[0])
    assert [throttle.passes("disk full")[0] for _ in range(100)] == [True] * logs.SAME_MAX + [False] * (100 - logs.SAME_MAX)
    assert throttle.passes("something else") == (True, 0)
    now[0] = 61.0
    assert throttle.passes("disk full") == (True, 100 - logs.SAME_MAX)
    assert throttle.passes("disk full") == (True, 0)


def test_only_the_first_of_the_same_lines_has_its_traceback() -> None:
    """Ours and those of libraries: the next ones name the error; another error of the same line, or a minute later, is shown whole."""
    now = [0.0]
    throttle, theirs = logs.Throttle(lambda: now[0]), logs.Throttle(lambda: now[0])
    full, other = OSError("disk 100% full"), ValueError("no number")
    for error, at, whole in ((full, 0.0, True), (full, 1.0, False), (other, 2.0, True), (full, 3.0, False), (full, 70.0, True)):
        now[0] = at
        event = throttle(None, "error", {"event": "check failed", "exc_info": error})
        assert (event["exc_info"] is error) is whole, at
        assert ("disk 100% full" in event.get("error", "")) is not whole, at
    for args, whole in (((1,), True), ((2,), False), ((), False)):
        record = logging.LogRecord("outbox", logging.ERROR, "", 0, "message %s failed", args, None)
        record.exc_info = (OSError, full, None)
        assert theirs.filter(record)
        assert bool(record.exc_info) is whole
        assert "disk 100% full" in record.getMessage() or whole


def test_lines_of_libraries_are_throttled_too() -> None:
    throttle = logs.Throttle(lambda: 0.0)
    records = [logging.LogRecord("dbos", logging.WARNING, "", 0, "disk full: %s", (number,), None) for number in range(50)]
    assert sum(throttle.filter(record) for record in records) == logs.SAME_MAX


def test_no_decision_is_left_out_and_each_plan_has_its_own_count() -> None:
    throttle = logs.Throttle(lambda: 0.0)
    for number in range(50):
        assert throttle(None, "info", {"event": "plan finished", "plan": 1})
        assert throttle(None, "warning", {"event": "plan parked", "plan": number})
