"""Why a request is refused: a stable code, an HTTP status and one sentence (RFC 9457)."""

from sealwax.ledger.wire import Trouble


class Refusal(Exception):
    """A request that is not done. The facts are those of `ledger.wire.Trouble`;
    `retry_after_seconds` says when it may be asked again."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        head_seq: int | None = None,
        used_bytes: int | None = None,
        plan_bytes: int | None = None,
        since_ms: int | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds
        self.trouble = Trouble(
            type=f"urn:sealwax:error:{code}",
            title=code.replace("-", " "),
            status=status,
            detail=detail,
            code=code,
            head_seq=head_seq,
            used_bytes=used_bytes,
            plan_bytes=plan_bytes,
            since_ms=since_ms,
        )


def malformed(detail: str) -> Refusal:
    return Refusal(400, "request-malformed", detail)


def not_there(detail: str) -> Refusal:
    return Refusal(404, "not-there", detail)


def no_account() -> Refusal:
    """The account was never here, or was deleted, or this is a server that lost what it had."""
    return Refusal(404, "account-missing", "There is no such account here.")


def not_allowed(detail: str, code: str = "token-bad") -> Refusal:
    return Refusal(401, code, detail)


def disk_full() -> Refusal:
    return Refusal(507, "server-disk-full", "The server's disk is full.")
