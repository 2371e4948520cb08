"""Words for the text indexes: scripts without spaces are cut into pairs, emoji stand alone.

A run of such characters becomes its overlapping pairs and its last character alone, so that a query
of one character finds pairs that begin with it, and a longer query is a phrase of pairs.
"""

import re

# Han, Hiragana, Katakana, Bopomofo, Thai, Lao, Khmer, Myanmar, Tibetan, and half-width forms.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007"
    "\u3041-\u30ff\u3105-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff]+"
)
_EMOJI = re.compile("([\u2190-\u2bff\u3297\u3299\U0001f000-\U0001faff])")


def pairs(text: str) -> str:
    """The overlapping pairs of every unspaced run in a text; empty when there is none."""
    if text.isascii():
        return ""
    found: list[str] = []
    for run in _UNSPACED.findall(text):
        found += [run[start : start + 2] for start in range(len(run))]
    return " ".join(found)


def apart(text: str) -> str:
    """The text with every emoji standing alone: each is a word, even in a row of them."""
    return text if text.isascii() else " ".join(_EMOJI.split(text))


def runs(text: str) -> tuple[list[str], str]:
    """The unspaced runs of a query, and what is left of it."""
    return _UNSPACED.findall(text), _UNSPACED.sub(" ", text)
