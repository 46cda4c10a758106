"""``python -m biopose_ros.cli`` is the command ``biopose``."""

from biopose_ros.cli.app import main

main()
