"""Text tables whose header states the number of rows, written row by row in constant memory."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from biopose_ros.files.closing import Closing
from biopose_ros.files.output import writing

COUNT_WIDTH = 10


class GrowingTable(Closing):
    """
    A text file that grows by rows; its header states how many there are.

    Rows wait in memory until they are saved: the file ends with a whole row at any moment.

    :param path: file to write.
    :param header: text before the rows, with :attr:`COUNT` wherever the row count belongs.
    :raises OutputError: when the file cannot be made.
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
        self._waiting: list[bytes] = [raw_header.replace(mark, b'0'.ljust(COUNT_WIDTH))]
        with writing(path):
            self._file = path.open('wb', buffering=0)
        self._end = 0
        self.save()

    def write_row(self, fields: Iterable[str], separator: str = '\t') -> None:
        """
        Append one row.

        :param fields: already formatted.
        :param separator: between the fields.
        """
        self._waiting.append((separator.join(fields) + '\n').encode())
        self.rows += 1

    def save(self) -> None:
        """
        Bring the waiting rows onto the disk, and then their number, padded with blanks.

        :raises OutputError: when the disk is full; the file then ends with a whole row.
        """
        with writing(self.path):
            self._append(b''.join(self._waiting))
            self._waiting = []
            for offset in self._count_offsets:
                self._file.seek(offset)
                self._file.write(str(self.rows).ljust(COUNT_WIDTH).encode())

    def _append(self, text: bytes) -> None:
        self._file.seek(self._end)
        left = memoryview(text)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            with suppress(OSError):
                self._file.truncate(self._end)
            raise
        self._end += len(text)

    def close(self) -> None:
        """Save, and close the file."""
        if self._file.closed:
            return
        try:
            self.save()
        finally:
            self._file.close()
