"""Words for the text indexes: scripts that are written without spaces are cut into pairs.

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
_FIRST_UNSPACED = "\u0e00"


def pairs(text: str) -> str:
    """The overlapping pairs of every unspaced run in a text; empty when there is none."""
    if text.isascii() or max(text) < _FIRST_UNSPACED:
        return ""
    found: list[str] = []
    for run in _UNSPACED.findall(text):
        found += [run[start : start + 2] for start in range(len(run))]
    return " ".join(found)


def runs(text: str) -> tuple[list[str], str]:
    """The unspaced runs of a query, and what is left of it."""
    return _UNSPACED.findall(text), _UNSPACED.sub(" ", text)
