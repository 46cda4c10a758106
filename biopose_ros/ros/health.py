"""What ``biopose doctor`` checks in ROS: rclpy, middleware, messages, transports."""

from __future__ import annotations

import os
import shutil
import time
from importlib import metadata
from pathlib import Path

from biopose_ros.health import Check, ShortcomingError
from biopose_ros.resources import resource_path
from biopose_ros.ros.dds_profile import (
    OLD_PROFILE_VARIABLE,
    PROFILE_VARIABLE,
    TRANSPORT_VARIABLE,
)

# Major version of rclpy to distribution, for the wheels, which set no ROS_DISTRO.
DISTRIBUTIONS = {'3': 'humble', '4': 'iron', '7': 'jazzy', '9': 'kilted'}
SHARED_MEMORY = Path('/dev/shm')
# Two processes with the shipped profile's 64 MB each, and room to spare.
ENOUGH_SHARED_MEMORY_BYTES = 256 * 2**20
ROUND_TRIP_SECONDS = 5.0
# A child of a Python with ROS 2 wheels inherits a mark that its library path is set; in another
# environment it is not.
STALE_PATH_REMEDY = 'unset _ROS_WHEELS_BOOTSTRAP_COMPLETE LD_LIBRARY_PATH'


def checks() -> list[Check]:
    """List all checks of ROS."""
    return [
        Check(
            'ROS 2',
            look_at_ros,
            'source a ROS 2 (Humble or later), or pip install -r requirements-ros.txt; if a '
            f'library was not found: {STALE_PATH_REMEDY}',
        ),
        Check('middleware', look_at_middleware, 'pip install "ros-rclpy[fastrtps]"'),
        Check(
            'messages',
            look_at_messages,
            'colcon build and source install/setup.bash, or make venv, or pip install .; if a '
            f'library was not found: {STALE_PATH_REMEDY}',
        ),
        Check(
            'round trip',
            look_at_round_trip,
            'check ROS_DOMAIN_ID (0 to 101), and let DDS use the loopback interface: sudo ip '
            'link set lo multicast on',
        ),
        Check(
            'large images',
            look_at_large_images,
            'start the camera driver with '
            f'{PROFILE_VARIABLE}={resource_path("config/fastdds_profile.xml")} as well, or use '
            'image_transport:=compressed',
            essential=False,
        ),
        Check(
            'shared memory',
            look_at_shared_memory,
            'give the container more: docker run --shm-size=1g',
            essential=False,
        ),
    ]


def look_at_ros() -> str:
    """Give the version of rclpy and the distribution."""
    import rclpy  # noqa: F401  a broken library path shows here

    version = metadata.version('rclpy')
    guess = DISTRIBUTIONS.get(version.split('.')[0], 'unknown distribution')
    return f'rclpy {version}, {os.environ.get("ROS_DISTRO", guess)}'


def look_at_middleware() -> str:
    """Name the middleware that is loaded, and its domain."""
    import rclpy

    domain = os.environ.get('ROS_DOMAIN_ID', '0')
    return f'{rclpy.get_rmw_implementation_identifier()}, domain {domain}'


def look_at_messages() -> str:
    """Load our messages with their compiled support, and the one for transforms."""
    from tf2_msgs.msg import TFMessage

    from biopose_ros import msg

    names = [name for name in dir(msg) if name[0].isupper()]
    for message in (*(getattr(msg, name) for name in names), TFMessage):
        # What rclpy does when a publisher is made; before that nothing compiled is loaded.
        message.__class__.__import_type_support__()
    return ', '.join(names)


def look_at_round_trip() -> str:
    """
    Send one message through the middleware and wait for it.

    :raises TimeoutError: when it does not come back.
    """
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    from biopose_ros.msg import JointAngleArray

    context = rclpy.Context()
    rclpy.init(context=context)
    try:
        node = rclpy.create_node(f'biopose_doctor_{os.getpid()}', context=context)
        received: list[float] = []
        node.create_subscription(
            JointAngleArray, '~/angles', lambda _: received.append(time.monotonic()), 1
        )
        publisher = node.create_publisher(JointAngleArray, '~/angles', 1)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        end = time.monotonic() + ROUND_TRIP_SECONDS
        while not received:
            sent = time.monotonic()
            if sent > end:
                raise TimeoutError(f'no message came back within {ROUND_TRIP_SECONDS:.0f} s')
            publisher.publish(JointAngleArray())
            executor.spin_once(timeout_sec=0.1)
        return f'{(received[0] - sent) * 1e3:.1f} ms'
    finally:
        rclpy.shutdown(context=context)


def look_at_large_images() -> str:
    """
    Name the transport of raw images above about 0.5 MB.

    :raises FileNotFoundError: when the profile asked for does not exist.
    :raises ShortcomingError: when the middleware or the camera driver may lose most of them.
    """
    transports = os.environ.get(TRANSPORT_VARIABLE)
    if transports:
        return f'{TRANSPORT_VARIABLE}={transports}'
    for variable in (PROFILE_VARIABLE, OLD_PROFILE_VARIABLE):
        profile = os.environ.get(variable)
        if profile:
            if not Path(profile).is_file():
                raise FileNotFoundError(f'{variable} names {profile}, which does not exist')
            return f'{variable}={profile}'
    raise ShortcomingError(
        'our own processes use the shipped FastDDS profile; a camera driver started without it '
        'may lose raw images above 0.5 MB'
    )


def look_at_shared_memory() -> str:
    """
    Give the size of the shared memory through which FastDDS hands images over.

    :raises ShortcomingError: when it is too small for raw images.
    """
    size = shutil.disk_usage(SHARED_MEMORY).total
    detail = f'{SHARED_MEMORY}: {size / 2**20:.0f} MB'
    if size < ENOUGH_SHARED_MEMORY_BYTES:
        raise ShortcomingError(f'{detail}, of which one image stream may take 128 MB')
    return detail
