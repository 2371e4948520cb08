"""Asking the store that devices share: its troubles are told apart from those of the near one.

Trouble of the far store becomes `FarFull` or `FarAway`. What it answers about one object or one
commit (that it is missing, taken, void) goes on as it is.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

from sealwax.stores.base import (
    CommitExists,
    CommitGap,
    CommitVoid,
    Missing,
    Store,
    StoreError,
    StoreFull,
)
from sealwax.stores.far_trouble import FarAway, FarFull
from sealwax.stores.near import NearStore
from sealwax.stores.reserve import essential
from sealwax.stores.server_errors import DeviceNotTrusted

T = TypeVar("T")
_ANSWERS = (CommitExists, CommitGap, CommitVoid, Missing, FarAway, FarFull)


class FarSide:
    """Both stores, and how the far one is asked."""

    def __init__(self, near: NearStore, far: Store, account: bytes) -> None:
        self.near = near
        self.far = far
        self.account = account

    @property
    def is_far_judging(self) -> bool:
        """Whether the far store takes no commit that does not count, so that it holds none."""
        return bool(getattr(self.far, "is_judging", False))

    def describe(self) -> str:
        return self.far.describe()

    def essential(self) -> AbstractContextManager[None]:
        """See `stores.reserve`."""
        return essential(self.far)

    def try_again(self) -> None:
        """Forgets that the far store did not answer: it is asked again."""
        forget: Callable[[], None] | None = getattr(self.far, "try_again", None)
        if forget is not None:
            forget()

    def close(self) -> None:
        try:
            self.far.close()
        finally:
            self.near.close()

    def _ask(self, act: Callable[[], T]) -> T:
        """Asks the far store; its troubles become FarFull and FarAway."""
        try:
            return act()
        except _ANSWERS:
            raise
        except StoreFull as error:
            raise FarFull(error.sentence) from error
        except StoreError as error:
            if isinstance(error, DeviceNotTrusted):
                self._learn_of_removal()
            raise FarAway(error) from error

    def _told(self, answers: Iterable[T]) -> Iterator[T]:
        """What the far store tells piece by piece."""
        pieces = iter(answers)

        def following() -> T | None:
            return next(pieces, None)

        while (answer := self._ask(following)) is not None:
            yield answer

    def _learn_of_removal(self) -> None:
        """Finds out since when this device is out."""
        raise NotImplementedError
