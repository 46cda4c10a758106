"""What the viewer shows of one image: skeletons, angles with their uncertainty, the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import rerun
import rerun.blueprint as layout
import torch

from biopose_ros.files.frames import ImageArray
from biopose_ros.frames import GroundFrame
from biopose_ros.records import Camera, FloatArray
from biopose_ros.reports.vocabulary import kind_and_side, title
from biopose_ros.skeleton import Skeleton

APPLICATION = 'biopose'
CLOCK = 'time'
WORLD, CAMERA, ANGLES = 'world', 'world/camera', 'angles'
# Red, green, blue; right orange, left blue, as in overlays and reports.
COLOURS = {'right': (255, 150, 40), 'left': (60, 190, 255), '': (235, 235, 235)}
SKIN = (205, 190, 175)
SHOWN = ('hip_flexion', 'knee_angle', 'ankle_angle', 'elbow_flex')
_PICTURE_WIDTH_PX, _JPEG_QUALITY = 960, 75
_JOINT_RADIUS_M, _BONE_RADIUS_M = 0.02, 0.012
_FLOOR_HALF_M, _FLOOR_STEP_M = 3.0, 0.5


class Scene:
    """
    Logs to a recording of rerun.

    :param stream: where to.
    """

    def __init__(self, stream: rerun.RecordingStream) -> None:
        self._stream = stream
        self._named: set[str] = set()
        self._scale = 1.0
        stream.send_blueprint(_layout())
        stream.log(WORLD, rerun.ViewCoordinates.RIGHT_HAND_Y_UP, static=True)

    def set_time(self, seconds: float) -> None:
        """
        Tell when what follows was.

        :param seconds: on the recording's own clock.
        """
        self._stream.set_time(CLOCK, duration=seconds)

    def show_camera(self, camera: Camera, ground: GroundFrame) -> None:
        """
        Place the camera; pictures that follow are brought to a size that is light to keep.

        :param camera: of the pictures.
        :param ground: what the coordinates count from.
        """
        self._scale = min(1.0, _PICTURE_WIDTH_PX / camera.width_px)
        intrinsics_px = camera.intrinsics_px * [[self._scale], [self._scale], [1.0]]
        size_px = [round(self._scale * side) for side in (camera.width_px, camera.height_px)]
        place = rerun.Transform3D(translation=ground.camera_m, mat3x3=ground.camera_from_ground.T)
        self._stream.log(CAMERA, place, static=True)
        pinhole = rerun.Pinhole(
            image_from_camera=intrinsics_px, resolution=size_px, image_plane_distance=0.6
        )
        self._stream.log(CAMERA, pinhole, static=True)

    def show_floor(self, height_m: float, middle_m: FloatArray) -> None:
        """
        Draw a grid.

        :param height_m: y of the floor, ground frame.
        :param middle_m: [2], x and z of its middle.
        """
        reach = np.array([-_FLOOR_HALF_M, _FLOOR_HALF_M])
        lines = []
        for offset in np.arange(reach[0], reach[1] + 1e-6, _FLOOR_STEP_M):
            for across in ([offset, offset], reach), (reach, [offset, offset]):
                x, z = (m + np.asarray(way) for m, way in zip(middle_m, across, strict=True))
                lines.append(np.stack([x, np.full(2, height_m), z], axis=1))
        grid = rerun.LineStrips3D(lines, colors=[90, 100, 110], radii=0.003)
        self._stream.log(f'{WORLD}/floor', grid, static=True)

    def show_picture(self, image_bgr: ImageArray) -> None:
        """
        Show the image of this moment.

        :param image_bgr: [height, width, 3], as the camera sees it.
        """
        small = cv2.resize(
            image_bgr, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_AREA
        )
        _, encoded = cv2.imencode('.jpg', small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        image = rerun.EncodedImage(contents=encoded.tobytes(), media_type='image/jpeg')
        self._stream.log(f'{CAMERA}/image', image)

    def show_person(
        self,
        person_id: str,
        skeleton: Skeleton,
        coordinates: Mapping[str, float],
        stddev: Mapping[str, float],
        scales: FloatArray | None = None,
    ) -> None:
        """
        Show a skeleton and its angles.

        :param person_id: who.
        :param skeleton: whose coordinates they are.
        :param coordinates: by name, radians and metres; NaN hides the skeleton.
        :param stddev: 1 sigma by name, radians and metres.
        :param scales: [segments, 3], of an unscaled skeleton.
        """
        place = f'{WORLD}/persons/{person_id}'
        values = [coordinates.get(name, np.nan) for name in skeleton.coordinate_names]
        if not np.isfinite(values).all():
            self.hide_person(person_id)
            return
        frames = skeleton.forward_kinematics(
            torch.tensor(values, dtype=torch.float64),
            None if scales is None else torch.as_tensor(scales),
        )
        joints_m = frames.positions_m.numpy()
        bones = [(i, p) for i, p in enumerate(skeleton.segment_parents) if p >= 0]
        colours = [COLOURS[kind_and_side(name)[1]] for name in skeleton.segment_names]
        lines = rerun.LineStrips3D(
            [joints_m[[parent, index]] for index, parent in bones],
            colors=[colours[index] for index, _ in bones],
            radii=_BONE_RADIUS_M,
        )
        self._stream.log(f'{place}/bones', lines)
        self._stream.log(
            f'{place}/joints', rerun.Points3D(joints_m, colors=colours, radii=_JOINT_RADIUS_M)
        )
        for name, value in coordinates.items():
            if name in stddev and not name.startswith('pelvis_t'):
                self._show_angle(person_id, name, value, stddev[name])

    def _show_angle(self, person_id: str, name: str, value: float, sigma: float) -> None:
        """Plot an angle, and both edges of its band."""
        kind, side = kind_and_side(name)
        place = f'{ANGLES}/{kind}/{person_id}/{side or "middle"}'
        if place not in self._named:
            self._named.add(place)
            colour, label = COLOURS[side], f'{person_id} {title(name)}'
            faint = tuple(part // 2 for part in colour)
            lines = rerun.SeriesLines(
                colors=[colour, faint, faint],
                widths=[2.0, 0.7, 0.7],
                names=[label, f'{label} - 1 sigma', f'{label} + 1 sigma'],
            )
            self._stream.log(place, lines, static=True)
        middle, half = np.degrees([value, sigma])
        self._stream.log(place, rerun.Scalars([middle, middle - half, middle + half]))

    def show_skin(self, person_id: str, corners_m: FloatArray) -> None:
        """
        Show a recovered body.

        :param person_id: who.
        :param corners_m: [triangles * 3, 3], camera frame.
        """
        triangles = np.arange(len(corners_m)).reshape(-1, 3)
        skin = rerun.Mesh3D(
            vertex_positions=corners_m, triangle_indices=triangles, albedo_factor=SKIN
        )
        self._stream.log(f'{CAMERA}/skin/{person_id}', skin)

    def hide_person(self, person_id: str) -> None:
        """
        Take somebody away who is out of sight.

        :param person_id: who.
        """
        for place in (f'{WORLD}/persons/{person_id}', f'{CAMERA}/skin/{person_id}'):
            self._stream.log(place, rerun.Clear(recursive=True))


def _layout() -> layout.Blueprint:
    """Picture and space side by side, the angles that people ask for first below."""
    plots: Sequence[layout.TimeSeriesView] = [
        layout.TimeSeriesView(origin=f'{ANGLES}/{kind}', name=title(kind)) for kind in SHOWN
    ]
    return layout.Blueprint(
        layout.Vertical(
            layout.Horizontal(
                layout.Spatial2DView(origin=CAMERA, contents=f'{WORLD}/**', name='Picture'),
                layout.Spatial3DView(origin=WORLD, name='Space'),
            ),
            layout.Horizontal(*plots),
            row_shares=[3, 2],
        ),
        collapse_panels=True,
    )
