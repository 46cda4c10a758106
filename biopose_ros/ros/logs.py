"""Hand what the pipeline logs through Python's logging to the ROS log."""

from __future__ import annotations

import logging

from rclpy.impl.rcutils_logger import RcutilsLogger


class _RosHandler(logging.Handler):
    def __init__(self, logger: RcutilsLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if record.levelno >= logging.ERROR:
            self._logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(text)
        else:
            self._logger.info(text)


def forward_python_logs(logger: RcutilsLogger) -> None:
    """Show the package's own log records, from INFO on, in the ROS log."""
    package_logger = logging.getLogger('biopose_ros')
    package_logger.setLevel(logging.INFO)
    package_logger.handlers = [_RosHandler(logger)]
    package_logger.propagate = False
