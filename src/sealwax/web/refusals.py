"""How the page is told that something cannot be."""

from sealwax.base.errors import SealwaxError


class Malformed(SealwaxError):
    """What the page asked has no meaning: another version of it may be open."""

    code = "page-request-malformed"
    hint = "Load the page again."


class PlanGone(SealwaxError):
    """A plan that was shown is not known any more."""

    code = "plan-gone"
    hint = "Look at the plan again, then confirm it."


class NothingToDo(SealwaxError):
    """An act that would change nothing."""

    code = "nothing-to-do"
    hint = "Choose something that is otherwise now."


class NotHere(SealwaxError):
    """What was asked for needs something that this home does not have."""

    code = "not-here"
    hint = "`sealwax status` says what this home has."


class SourceNotWhole(SealwaxError):
    """The path of a source that begins nowhere."""

    code = "source-path-not-whole"
    hint = "Write it from / or ~ on."
