"""What all tests share: a ROS graph of their own, and one thread per numeric library."""

import contextlib
import os
import tempfile

import pytest
from hypothesis import HealthCheck, settings

from biopose_ros.evaluation.speed.own_domain import own_domain

# A busy machine is slow, which says nothing of the code.
settings.register_profile(
    'any machine',
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile('any machine')

# When it is imported, opensim puts other folders into LD_LIBRARY_PATH; processes that are started
# after that would not find ROS. So it comes first, and its change is undone.
LIBRARIES = os.environ.get('LD_LIBRARY_PATH', '')
with contextlib.suppress(ImportError):
    import opensim  # noqa: F401
os.environ['LD_LIBRARY_PATH'] = LIBRARIES

LOGS = tempfile.TemporaryDirectory(prefix='biopose_ros_log_', ignore_cleanup_errors=True)


# Set before any test module imports numpy, torch or rclpy; child processes inherit all of it.
DOMAIN_ID, DOMAIN_LOCK = own_domain()
os.environ['ROS_DOMAIN_ID'] = str(DOMAIN_ID)
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
os.environ['ROS_LOG_DIR'] = LOGS.name
os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
# Ray's workers are nicer than anybody (15): beside busy processes they would hardly run.
os.environ.setdefault('RAY_worker_niceness', '0')


@pytest.fixture(scope='session')
def ros_domain_id():
    """The DDS domain of this session, which no other test run on the machine uses."""
    return DOMAIN_ID


@pytest.fixture(scope='session')
def imported():
    """Names of the networks that the user's cache holds."""
    from biopose_ros.pretrained.networks import NETWORKS, is_imported

    names = {name for name, network in NETWORKS.items() if is_imported(network)}
    if not {'pose_detection', 'pose_landmark_full'} <= names:
        pytest.skip('the networks are not imported (biopose weights import)')
    return names


@pytest.fixture(scope='session')
def skeleton():
    """The default skeleton."""
    from biopose_ros.skeleton import load_skeleton

    return load_skeleton()


@pytest.fixture(scope='session')
def body():
    """The default body model."""
    from biopose_ros.body import load_body

    return load_body()


@pytest.fixture(scope='session')
def placed_body():
    """A recovered body three metres before the camera, a little bent and turned."""
    import numpy as np
    import torch

    from biopose_ros.body.rotations import axis_angle_to_matrix
    from biopose_ros.frames import camera_to_ground
    from biopose_ros.records import Markers, PlacedBody, RecoveredBody
    from biopose_ros.virtual_markers.body_parts import MARKER_NAMES
    from biopose_ros.virtual_markers.cut_body import points_about_pelvis_m
    from biopose_ros.virtual_markers.marked_body import marked_body

    vectors = 0.2 * torch.randn(24, 3, generator=torch.Generator().manual_seed(0))
    vectors[0] = torch.tensor([3.0, 0.2, 0.1])
    pose, betas, scale = axis_angle_to_matrix(vectors), torch.linspace(-1, 1, 10), 1.05
    about_m = points_about_pelvis_m(*marked_body(), pose, betas).numpy().astype(np.float64)
    points_m = scale * about_m + [0.1, -0.2, 3.0]
    recovered = RecoveredBody(
        track_id=1,
        pose=pose.numpy().astype(np.float64),
        betas=betas.numpy().astype(np.float64),
        joints_m=points_m[:24],
        joint_stddev_m=np.full(24, 0.05),
        joints_px=np.zeros((24, 2)),
        joint_stddev_px=np.full(24, 3.0),
        markers_m=points_m[24:],
        marker_confidence=np.linspace(0.2, 1.0, len(MARKER_NAMES)),
        summary=np.zeros(64),
    )
    markers = Markers(
        MARKER_NAMES, camera_to_ground(recovered.markers_m), recovered.marker_confidence
    )
    return PlacedBody(recovered, markers, 3.0, scale, 1.75, 0.08)
