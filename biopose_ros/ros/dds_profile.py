"""The FastDDS profile that lets large images through; must be set before rclpy starts."""

from __future__ import annotations

import os
from importlib.util import find_spec

from biopose_ros.resources import resource_path

# FastDDS 3 (Kilted and later) warns of the name that FastDDS 2 reads.
PROFILE_VARIABLE = 'FASTDDS_DEFAULT_PROFILES_FILE'
OLD_PROFILE_VARIABLE = 'FASTRTPS_DEFAULT_PROFILES_FILE'
OLD_DISTRIBUTIONS = ('humble', 'iron', 'jazzy')
TRANSPORT_VARIABLE = 'FASTDDS_BUILTIN_TRANSPORTS'


def large_image_environment() -> dict[str, str]:
    """
    Name the variables to set so that raw images are not lost between processes.

    :returns: empty where the user has chosen a profile or transports already.
    """
    chosen = (PROFILE_VARIABLE, OLD_PROFILE_VARIABLE, TRANSPORT_VARIABLE)
    if any(name in os.environ for name in chosen):
        return {}
    # Wheels set no ROS_DISTRO, but FastDDS 2 comes in a package of the name fastrtps.
    is_old = os.environ.get('ROS_DISTRO') in OLD_DISTRIBUTIONS or find_spec('fastrtps')
    path = str(resource_path('config/fastdds_profile.xml'))
    return {OLD_PROFILE_VARIABLE if is_old else PROFILE_VARIABLE: path}
