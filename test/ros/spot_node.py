"""
The pose node with a pipeline that sees bright rectangles as persons.

It stands in for the networks, so that the node is tested on pictures whose content is known, on
any machine, in milliseconds; skeleton, kinematics, messages and DDS are the real ones.
"""

import sys
import time
from dataclasses import replace
from typing import ClassVar

import cv2
import numpy as np
import torch

from biopose_ros.frames import CAMERA_FROM_GROUND, GroundFrame, camera_to_ground, ground_to_camera
from biopose_ros.inference.stage_clock import StageClock
from biopose_ros.person.motion import lost_person
from biopose_ros.records import Markers, PersonPose, TrackingState
from biopose_ros.ros.pose_node import main
from biopose_ros.skeleton import load_skeleton

THRESHOLD = 128
# Pictures that make the pipeline fail, or slow.
STUMBLING_BLOCK = 13
SLOW_WIDTH_PX, SLOW_S = 400, 0.05
STATURE_M = 1.75


class SpotPipeline:
    """One person per bright rectangle, from left to right, as far away as it is small."""

    device = 'spots'
    refinements: ClassVar = {'refined': 7}

    def __init__(self, config):
        self.skeleton = load_skeleton()
        self.ground = GroundFrame.of_camera(
            config.camera_pitch_rad, config.camera_roll_rad, config.camera_height_m
        )
        self._stature_m = config.height_m or STATURE_M
        self._max_persons = config.detection.max_persons
        self.clock = StageClock()
        self._last = {}
        self._heights_m = {}
        self._stamp_ns = 0

    def warm_up(self):
        pass

    def stand_on(self, ground):
        self.ground = ground

    def reset(self):
        gone, self._last = self._last, {}
        return [lost_person(person, self._stamp_ns) for person in gone.values()]

    def forget(self, track_id):
        gone = self._last.pop(track_id, None)
        return [] if gone is None else [lost_person(gone, self._stamp_ns)]

    def set_height(self, track_id, height_m):
        self._heights_m[track_id] = height_m or STATURE_M

    def set_smoothing(self, smoothing):
        self.smoothing = smoothing

    def process(self, image_bgr, camera, stamp_ns, keypoints=None):
        if (image_bgr == STUMBLING_BLOCK).all():
            raise RuntimeError('the pipeline stumbled')
        if camera.width_px == SLOW_WIDTH_PX:
            time.sleep(SLOW_S)
        bright = (image_bgr.max(axis=2) > THRESHOLD).astype(np.uint8)
        _, _, boxes, _ = cv2.connectedComponentsWithStats(bright)
        boxes = sorted(boxes[1 : self._max_persons + 1].tolist())
        with self.clock('detection'):
            persons = [
                self._person(i, box, camera, stamp_ns) for i, box in enumerate(boxes, start=1)
            ]
        if keypoints is not None:  # shown, so that tests see which ones came
            persons = [replace(p, confidence=keypoints.confidence.max()) for p in persons]
        self.clock.end_image()
        now = {person.track_id: person for person in persons}
        gone = [person for number, person in self._last.items() if number not in now]
        self._last, self._stamp_ns = now, stamp_ns
        return [*persons, *(lost_person(person, stamp_ns) for person in gone)]

    def _person(self, number, box, camera, stamp_ns):
        stature_m = self._heights_m.get(number, self._stature_m)
        x, y, width, height, _ = box
        depth_m = camera.intrinsics_px[1, 1] * stature_m / height
        middle_px = np.array([x + width / 2, y + height / 2, 1.0])
        middle_m = depth_m * np.linalg.solve(camera.intrinsics_px, middle_px)
        coordinates = self.skeleton.default_coordinates.clone()
        index = self.skeleton.coordinate_index('pelvis_tx')
        coordinates[index : index + 3] = torch.from_numpy(camera_to_ground(middle_m))
        frames = self.skeleton.forward_kinematics(coordinates)
        values = coordinates.numpy().copy()
        if y + height == camera.height_px:  # the feet are below the picture
            for name in ('ankle_angle_r', 'ankle_angle_l'):
                values[self.skeleton.coordinate_index(name)] = np.nan
        count = len(self.skeleton.segment_names)
        return PersonPose(
            track_id=number,
            stamp_ns=stamp_ns,
            state=TrackingState.TRACKED,
            confidence=0.9,
            coordinates=values,
            velocities=np.where(np.isnan(values), np.nan, 0.0),
            stddev=np.where(np.isnan(values), np.nan, 0.05),
            scales=np.full((count, 3), stature_m / STATURE_M),
            scale_stddev=np.full(count, 0.02),
            segment_rotations=CAMERA_FROM_GROUND @ frames.rotations.numpy(),
            segment_positions_m=ground_to_camera(frames.positions_m.numpy()),
            markers=Markers((), np.zeros((0, 3)), np.zeros(0)),
            stature_m=stature_m,
            stature_stddev_m=0.02,
            box_xyxy_px=np.array([x, y, x + width, y + height], dtype=float),
            keypoints_px=np.tile(middle_px[:2], (33, 1)),
            keypoint_confidence=np.full(33, 0.8),
        )


if __name__ == '__main__':
    sys.exit(main(sys.argv, SpotPipeline))
