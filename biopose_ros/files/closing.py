"""Writers that finish their file at the end of a ``with`` block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

Writer = TypeVar('Writer', bound='Closing')


class Closing(ABC):
    """Closes itself, whether the block ends well or not: what was written stays readable."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""

    def __enter__(self: Writer) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
