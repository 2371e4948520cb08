"""Lines to a server that break, lose answers and count, in the place of the network."""

from collections.abc import Callable, Iterator

import httpx


class Line(httpx.BaseTransport):
    """The real network, with `trouble` done to each answer; it remembers the requests."""

    def __init__(self, trouble: Callable[[httpx.Request, httpx.Response], httpx.Response]) -> None:
        self._inner = httpx.HTTPTransport()
        self._trouble = trouble
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._trouble(request, self._inner.handle_request(request))

    def close(self) -> None:
        self._inner.close()


class _Cut(httpx.SyncByteStream):
    def __init__(self, inner: httpx.Response, after_bytes: int) -> None:
        self._inner = inner
        self._left = after_bytes

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._inner.iter_raw(512):
            if len(piece) >= self._left:
                yield piece[: self._left]
                raise httpx.RemoteProtocolError("the line broke")
            self._left -= len(piece)
            yield piece

    def close(self) -> None:
        self._inner.close()


def cut(answer: httpx.Response, after_bytes: int) -> httpx.Response:
    """The answer, whose line breaks after so many bytes."""
    return httpx.Response(
        answer.status_code, headers=answer.headers, stream=_Cut(answer, after_bytes)
    )


def whole(_: httpx.Request, answer: httpx.Response) -> httpx.Response:
    """No trouble at all."""
    return answer
