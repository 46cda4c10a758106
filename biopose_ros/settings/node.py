"""Settings of the node: what it subscribes to, and what it publishes."""

from __future__ import annotations

from dataclasses import dataclass

from biopose_ros.settings.pipeline import PipelineConfig
from biopose_ros.settings.setting import check_settings, nested, setting

TRANSPORTS = ('raw', 'compressed')
GROUNDS = ('parameters', 'target_frame', 'imu')
RELIABILITIES = ('auto', 'reliable', 'best_effort')


@dataclass(frozen=True)
class NodeConfig:
    """
    All parameters of the node.

    :raises ValueError: for a value out of range.
    """

    autostart: bool = setting(
        True,
        'Configure and activate at start; false leaves both to a lifecycle manager.',
        is_read_only=True,
        section='Start',
    )
    # A camera does not wait: what takes longer comes too late.
    pipeline: PipelineConfig = nested(PipelineConfig, refine_budget_ms=15.0)
    image_transport: str = setting(
        'raw',
        'raw subscribes to Image, compressed to CompressedImage on <image>/compressed.',
        choices=TRANSPORTS,
        section='Images',
    )
    image_reliability: str = setting(
        'auto',
        'Quality of service of the image subscription; auto: reliable where all publishers are.',
        choices=RELIABILITIES,
    )
    image_is_rectified: bool = setting(
        False,
        'Images have no lens distortion left; CameraInfo.P is used in place of K and D.',
    )
    focal_length_px: float = setting(
        0.0,
        'Focal length of a camera without calibration, pixels; 0 assumes a typical camera.',
        bounds=(0.0, 50000.0),
    )
    camera_rotation: int = setting(
        0,
        'Clockwise turn that makes the picture of a camera mounted on its side, or upside down, '
        'upright, degrees; results stay in the axes of the camera.',
        choices=(0, 90, 180, 270),
    )
    region_of_interest: str = setting(
        '',
        'Part of the picture to look at: left, top, width, height as shares of it, for example '
        '0.25 0 0.5 1. Empty for all of it.',
        pattern=r'|\s*(\d*\.?\d+\s+){3}\d*\.?\d+\s*',
    )
    mask_image: str = setting(
        '',
        'Picture of the shape of the images, black where the robot itself is seen: no person is '
        'searched for there. Empty for none.',
    )
    max_rate_hz: float = setting(
        0.0,
        'Largest number of images processed per second; 0 for no limit.',
        bounds=(0.0, 1000.0),
        is_dynamic=True,
    )
    keypoints_topic: str = setting(
        '',
        "Topic of PointCloud2 with another detector's 2D keypoints, stamped as their images; they "
        "replace the node's own where they come in time. Empty for none.",
    )
    keypoints_wait_s: float = setting(
        0.1,
        'Longest wait of an image for keypoints on that topic, seconds.',
        bounds=(0.0, 1.0),
    )
    stale_after_s: float = setting(
        2.0,
        'Time without a new image after which the node warns and reports all as lost, seconds.',
        bounds=(0.2, 60.0),
        is_dynamic=True,
    )
    latency_warn_s: float = setting(
        0.5,
        'Latency above which diagnostics warn: 95th percentile of the time from image to result, '
        'seconds.',
        bounds=(0.001, 60.0),
        is_dynamic=True,
    )
    drop_warn_share: float = setting(
        0.9,
        'Diagnostics warn where more than this share of the images is dropped for newer ones, '
        'unless max_rate_hz asks for that; 1 never.',
        bounds=(0.0, 1.0),
        is_dynamic=True,
    )
    person_id_prefix: str = setting(
        '',
        'Prefix of person ids and of the names of all frames, so that those of two cameras '
        'differ. Empty takes the namespace of the node, where it has one: left_ for /left.',
        pattern='([A-Za-z_][A-Za-z0-9_]*)?',
        section='Results',
    )
    lag_s: float = setting(
        0.0,
        'Delay of the results, seconds: each is estimated with the images of this time after it, '
        'so that it is smoother and does not lag fast movements. The stamp stays that of the '
        'image. Only with ground_from parameters.',
        bounds=(0.0, 1.0),
    )
    target_frame: str = setting(
        '',
        "Frame of body_points, looked up by tf2 at the image's stamp, for example base_link or "
        "odom; needs the package tf2_ros. Empty for the camera's.",
    )
    ground_from: str = setting(
        'parameters',
        'Ground frame of the pelvis coordinates. parameters: of a camera that stands still, see '
        'camera_pitch_rad, camera_roll_rad and camera_height_m. target_frame: that frame, z up; '
        'for a camera that moves, and feet are held in it, so name one that stands still (odom). '
        'imu: levelled by the Imu topic `imu`, for a camera that moves; feet are not held.',
        choices=GROUNDS,
    )
    max_distance_m: float = setting(
        0.0,
        'Persons whose pelvis is farther from the camera are left out, metres; 0 for no limit.',
        bounds=(0.0, 1000.0),
    )
    still_s: float = setting(
        10.0,
        'Time without bending a joint after which a person may be a picture or a mannequin: the '
        'confidence falls to a quarter, and diagnostics warn; seconds. 0 never.',
        bounds=(0.0, 3600.0),
    )
    publish_tf: bool = setting(True, 'Broadcast the segment frames on /tf.', is_dynamic=True)
    publish_hri: bool = setting(
        False,
        'Publish persons as REP-155 (ROS4HRI) has them, too: /humans/bodies and the frames '
        'body_<id>; needs the package hri_msgs.',
    )
    robot_state_publisher: bool = setting(
        False,
        'A robot_state_publisher in the same namespace broadcasts the person present for longest; '
        'the node then sends only the root frame of that person.',
    )
    publish_markers: bool = setting(True, 'Draw the skeletons as RViz markers.', is_dynamic=True)
    publish_meshes: bool = setting(
        False,
        'Publish the recovered bodies as triangles, where subscribed; method biopose only.',
        is_dynamic=True,
    )
    publish_virtual_markers: bool = setting(
        False,
        'Publish named points of the recovered bodies as PointCloud2; method biopose only.',
        is_dynamic=True,
    )
    publish_debug_image: bool = setting(
        False,
        'Publish the picture with the skeletons drawn over it, where subscribed.',
        is_dynamic=True,
    )
    debug_image_hz: float = setting(
        5.0,
        'Largest number of debug images per second; large ones cost as much as the estimate.',
        bounds=(0.1, 120.0),
        is_dynamic=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if self.pipeline.osim is not None:
            raise ValueError(
                f'osim={str(self.pipeline.osim)!r} is for recordings alone: the node publishes '
                'angles of its own skeleton. Record a bag, then `biopose run BAG --out DIR --osim '
                'MODEL`'
            )
        if self.ground_from == 'target_frame' and not self.target_frame:
            raise ValueError('ground_from is target_frame, which is empty: name one, such as odom')
        if self.ground_from == 'imu' and self.target_frame:
            raise ValueError(
                f'ground_from is imu, but target_frame is {self.target_frame!r}: with a frame of '
                "the robot's, set ground_from to target_frame or leave it at parameters"
            )
        if self.ground_from != 'parameters' and self.lag_s:
            raise ValueError(
                f'lag_s is {self.lag_s}, and ground_from {self.ground_from}: looking ahead needs '
                'a camera that stands still; leave lag_s 0'
            )
        if self.ground_from != 'parameters' and (
            self.pipeline.camera_pitch_rad or self.pipeline.camera_roll_rad
        ):
            raise ValueError(
                f'ground_from is {self.ground_from}: leave camera_pitch_rad and camera_roll_rad 0'
            )
