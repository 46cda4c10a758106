"""``biopose node``: run the pose node without a launch file."""

from __future__ import annotations

import typer


def node(
    context: typer.Context,
) -> None:
    """
    Run the pose node; everything after the name goes to ROS.

    For example: biopose node --ros-args -r image:=/camera/image_raw -p device:=cpu
    """
    import os

    from biopose_ros.ros.dds_profile import large_image_environment

    # FastDDS reads the environment when the first node starts, so this comes before rclpy.
    os.environ.update(large_image_environment())
    from biopose_ros.ros.pose_node import main

    raise typer.Exit(main(['biopose', *context.args]))
