"""Why a request is refused: a stable code, an HTTP status and one sentence (RFC 9457)."""

from http import HTTPStatus

import msgspec

from sealwax.ledger.wire import Trouble

PROBLEM = "application/problem+json"
CLOSE = (b"connection", b"close")
"""The header of an answer after which the line ends."""


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


def busy() -> Refusal:
    return Refusal(
        503, "server-busy", "The server is busy; come again in a moment.", retry_after_seconds=1
    )


def too_large() -> Refusal:
    return Refusal(413, "request-too-large", "This is more than one request may bring.")


def too_slow() -> Refusal:
    return Refusal(408, "request-too-slow", "What was announced did not come in time.")


def problem(refusal: Refusal) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The headers and the body of an answer that refuses."""
    body = msgspec.json.encode(refusal.trouble)
    headers = [(b"content-type", PROBLEM.encode()), (b"content-length", str(len(body)).encode())]
    if refusal.retry_after_seconds is not None:
        headers.append((b"retry-after", str(refusal.retry_after_seconds).encode()))
    return headers, body


def plain_answer(refusal: Refusal) -> bytes:
    """All bytes of an answer that refuses and ends the line, for whoever has no application yet."""
    headers, body = problem(refusal)
    status = HTTPStatus(refusal.trouble.status)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
    lines += [b"%s: %s" % header for header in (*headers, CLOSE)]
    return b"\r\n".join((*lines, b"", body))
