"""What all tests share: a ROS graph of their own, and one thread per numeric library."""

import contextlib
import os
import random
import tempfile

import pytest

# When it is imported, opensim puts other folders into LD_LIBRARY_PATH; processes that are started
# after that would not find ROS. So it comes first, and its change is undone.
LIBRARIES = os.environ.get('LD_LIBRARY_PATH', '')
with contextlib.suppress(ImportError):
    import opensim  # noqa: F401
os.environ['LD_LIBRARY_PATH'] = LIBRARIES

LOGS = tempfile.TemporaryDirectory(prefix='biopose_ros_log_', ignore_cleanup_errors=True)

# Set before any test module imports numpy, torch or rclpy; child processes inherit all of it.
# Above 101 the DDS ports of Linux may collide with those that programs get for outgoing traffic.
os.environ['ROS_DOMAIN_ID'] = str(random.SystemRandom().randint(1, 101))
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
os.environ['ROS_LOG_DIR'] = LOGS.name
os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')


@pytest.fixture(scope='session')
def ros_domain_id():
    """The DDS domain of this session, which no other graph on the machine is likely to use."""
    return int(os.environ['ROS_DOMAIN_ID'])
