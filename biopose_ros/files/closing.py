"""Writers that finish their file at the end of a ``with`` block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TypeVar

Writer = TypeVar('Writer', bound='Closing')


class Closing(ABC):
    """Closes itself, whether the block ends well or not: what was written stays readable."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""

    def __enter__(self: Writer) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
