"""The server's health as a page for people: it needs no script and fetches nothing."""

import datetime
import html

from sealwax.ledger.wire import Probe, ServerStatus

_WORDS = {
    "sync": "Devices can write and read their history",
    "objects": "Sealed messages and files are kept",
    "push": "Devices are told at once what is new",
    "database": "The server remembers accounts and devices",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; --ok: #1a7f37; --bad: #b3261e; --line: #d0d7de; --soft: #57606a;
  --card: #ffffff; --page: #f6f8fa; --ink: #1f2328; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ok: #4ac26b; --bad: #ff8a80; --line: #30363d;
  --soft: #9da7b3; --card: #161b22; --page: #0d1117; --ink: #e6edf3; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; background: var(--page); color: var(--ink);
  margin: 0; padding: 3rem 1rem; }}
main {{ max-width: 36rem; margin: 0 auto; }}
h1 {{ font-size: 1.5rem; line-height: 1.25; margin: 0; }}
p {{ color: var(--soft); margin: .25rem 0 1.5rem; }}
ul {{ list-style: none; margin: 0; padding: 0; background: var(--card);
  border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }}
li {{ display: grid; grid-template-columns: 1.75rem 1fr auto; padding: .75rem 1rem; }}
li + li {{ border-top: 1px solid var(--line); }}
b {{ font-weight: 600; }} small {{ color: var(--soft); font-size: .875rem; }}
.mark {{ font-weight: 700; }} .ok .mark {{ color: var(--ok); }} .bad .mark {{ color: var(--bad); }}
h1.ok {{ color: var(--ok); }} h1.bad {{ color: var(--bad); }}
</style></head><body><main><h1 class="{kind}">{title}</h1>
<p>Since {since}. Tried just now.</p><ul>{rows}</ul></main></body></html>
"""


def page(status: ServerStatus) -> str:
    """The status as HTML."""
    since = datetime.datetime.fromtimestamp(status.since_ms / 1000, datetime.UTC)
    return _PAGE.format(
        kind=_kind(status.is_working),
        title="Everything works" if status.is_working else "Something does not work",
        since=since.strftime("%-d %B %Y, %H:%M UTC"),
        rows="".join(_row(probe) for probe in status.probes),
    )


def _row(probe: Probe) -> str:
    said = probe.detail or _WORDS.get(probe.name, "")
    mark, word = ("✓", "works") if probe.is_working else ("✕", "does not work")
    return (
        f'<li class="{_kind(probe.is_working)}"><span class="mark" role="img"'
        f' aria-label="{word}">{mark}</span><span><b>{html.escape(probe.name)}</b><br>'
        f"<small>{html.escape(said)}</small></span>"
        f"<small>{probe.milliseconds:.0f} ms</small></li>"
    )


def _kind(is_working: bool) -> str:
    return "ok" if is_working else "bad"
