"""Text tables whose header states the number of rows, written row by row in constant memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from biopose_ros.files.closing import Closing

COUNT_WIDTH = 10


class GrowingTable(Closing):
    """
    A text file that grows by rows; its header's row count is filled in on closing.

    :param path: file to write.
    :param header: text before the rows, with :attr:`COUNT` wherever the row count belongs.
    """

    COUNT = '\0' * COUNT_WIDTH

    def __init__(self, path: Path, header: str) -> None:
        self.path = path
        self.rows = 0
        raw_header = header.encode()
        mark = self.COUNT.encode()
        self._count_offsets = [
            offset for offset in range(len(raw_header)) if raw_header.startswith(mark, offset)
        ]
        self._file = path.open('wb')
        self._file.write(raw_header.replace(mark, b'0'.ljust(COUNT_WIDTH)))

    def write_row(self, fields: Iterable[str], separator: str = '\t') -> None:
        """
        Append one row.

        :param fields: already formatted.
        :param separator: between the fields.
        """
        self._file.write((separator.join(fields) + '\n').encode())
        self.rows += 1

    def close(self) -> None:
        """Fill in the row count, padded with blanks, and close the file."""
        if self._file.closed:
            return
        for offset in self._count_offsets:
            self._file.seek(offset)
            self._file.write(str(self.rows).ljust(COUNT_WIDTH).encode())
        self._file.close()
