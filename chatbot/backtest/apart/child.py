"""The other process: one job comes in, what was found goes out, and it ends with whoever asked.

``process.py`` starts it as ``python -m chatbot.backtest.apart.child``. Frames on standard output are four bytes of length and a pickle of a
word with its values; nothing else is written there.
"""

from __future__ import annotations

import gc
import os
import pickle
import struct
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from chatbot.backtest.apart.second import forked, watch_the_bot

if TYPE_CHECKING:
    from collections.abc import Callable

#: the bot answers people on the same cores, and goes first: this gets a tenth of a core that the bot wants too, and all of one that is free
_NICE = 10


def main() -> int:
    """Answer the one job on standard input."""
    os.nice(_NICE)
    gc.disable()  # counting frees what a walk makes: nothing it leaves behind is worth a tenth of the time for looking through everything
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand among the frames
    from chatbot.backtest.beside import in_turn  # noqa: PLC0415 - loaded while the bot is still fetching prices
    from chatbot.backtest.question import answer  # noqa: PLC0415
    from chatbot.engine.errors import Refused  # noqa: PLC0415

    try:
        job, in_two = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the bot that started this process, over a pipe of its own
    except EOFError:  # whoever asked has changed their mind
        return 0
    watch_the_bot()
    say = _speaker(told)
    try:
        say("answer", answer(job, lambda done, of: say("part", (done, of)), forked if in_two else in_turn))
    except Refused as refusal:
        say("refused", (refusal.code, refusal.subject))
    except Exception as error:  # noqa: BLE001 - told to the bot, which logs it under an id
        say("broken", repr(error))
    return 0


def _speaker(out: BinaryIO) -> Callable[[str, Any], None]:
    def say(word: str, value: Any) -> None:  # noqa: ANN401 - what a word carries
        body = pickle.dumps((word, value), protocol=5)
        out.write(struct.pack(">I", len(body)) + body)
        out.flush()

    return say


if __name__ == "__main__":
    sys.exit(main())
