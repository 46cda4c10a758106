"""``biopose run``: a video in, OpenSim files out, without ROS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biopose_ros.cli.errors import shown_errors
from biopose_ros.cli.options import with_settings
from biopose_ros.settings import PipelineConfig
from biopose_ros.settings.pipeline import SHORTEST_S

if TYPE_CHECKING:
    from rich.console import Console

    from biopose_ros.files.frames import Frame, FrameSource, ImageArray
    from biopose_ros.files.recording_run import RecordingRun
    from biopose_ros.keypoints import KeypointRecording
    from biopose_ros.pipeline import Pipeline
    from biopose_ros.records import Camera

# Exit status where nobody was found: the run is complete, but there are no results.
NOBODY = 3


@with_settings(PipelineConfig, 'config')
def run(
    source: Annotated[
        str,
        typer.Argument(
            metavar='INPUT', help='Video file, folder of images, ROS bag, or number of a webcam.'
        ),
    ],
    out: Annotated[Path, typer.Option(help='Folder for the results; must be new or empty.')],
    intrinsics: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help='Camera calibration: ROS camera_info YAML, fx fy cx cy YAML, or TOML.',
        ),
    ] = None,
    camera_name: Annotated[
        str | None, typer.Option('--camera', help='Section of a TOML with several cameras.')
    ] = None,
    focal: Annotated[
        float | None, typer.Option(help='Focal length in pixels, where there is no calibration.')
    ] = None,
    causal: Annotated[
        bool,
        typer.Option(
            '--causal',
            help='Estimate each image from what came before it alone, as the live node does; else '
            'what came after counts, too.',
        ),
    ] = False,
    keypoints: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help="Another detector's 2D keypoints: a folder of OpenPose files, or one file of "
            'COCO or AlphaPose results; they take the place of our own.',
        ),
    ] = None,
    overlay: Annotated[
        bool, typer.Option('--overlay', help='Also write overlay.mp4, the skeleton drawn in.')
    ] = False,
    with_report: Annotated[
        bool, typer.Option('--report', help='Also write report.html, a page to look at.')
    ] = False,
    person: Annotated[
        str,
        typer.Option(
            help='Whose files to write: all, largest, longest, leftmost, most-moving, or X,Y in '
            "pixels of the first picture; the others' files go at the end."
        ),
    ] = 'all',
    shortest: Annotated[
        float,
        typer.Option(
            min=0.0, help='Who is seen for less gets no files, seconds; 0: everybody gets some.'
        ),
    ] = SHORTEST_S,
    rate: Annotated[
        float | None, typer.Option(help='Images per second, for a folder of images.')
    ] = None,
    topic: Annotated[str | None, typer.Option(help='Image topic, for a bag with several.')] = None,
    part: Annotated[
        str | None,
        typer.Option('--time', help='Part to take, START-END in seconds, for example 3.5-12.'),
    ] = None,
    rectified: Annotated[
        bool,
        typer.Option('--rectified', help="A bag's pictures are rectified (image_rect)."),
    ] = False,
    rate_out: Annotated[
        float | None,
        typer.Option(help="Rows per second of .mot and .trc; without it the video's rate."),
    ] = None,
    c3d: Annotated[
        bool, typer.Option('--c3d', help='Also write markers.c3d; needs the package ezc3d.')
    ] = False,
    *,
    config: PipelineConfig,
) -> None:
    """Estimate joint angles in a recording; write .mot, .trc, .osim, CSV and a summary."""
    from rich.console import Console

    from biopose_ros.files.frames import part_of
    from biopose_ros.files.recording_run import RecordingRun
    from biopose_ros.files.results import RunResults
    from biopose_ros.files.video import open_frames
    from biopose_ros.person.choosing import check_rule
    from biopose_ros.pipeline import Pipeline

    console = Console(markup=False)
    with shown_errors(OSError, ValueError):
        check_rule(person)
        frames = open_frames(source, rate_hz=rate, topic=topic, is_rectified=rectified)
        recording = _keypoints(keypoints, frames)
        if part is not None:
            frames = part_of(frames, part)
        first, images = _peek(frames)
        cameras = _Cameras(frames, intrinsics, camera_name, focal)
        camera = cameras.of(first.image_bgr)
        check_rule(person, (camera.width_px, camera.height_px))
        pipeline = Pipeline(config)
        # A video's own time line starts at 0; the epoch of a clock would drown the time column.
        origin_ns = first.stamp_ns if frames.is_wall_clock else 0
        results = RunResults(
            out,
            pipeline.skeleton,
            frames.rate_hz,
            _description(frames, cameras.first, pipeline, origin_ns, not causal),
            rate_out,
            c3d,
            config.osim,
            shortest,
        )
        summary = _process(
            frames,
            images,
            origin_ns,
            cameras,
            pipeline,
            recording,
            RecordingRun(pipeline, results, not causal, person),
            out / 'overlay.mp4' if overlay else None,
            console,
        )
    print_summary(summary, out, console)
    if with_report:
        from biopose_ros.cli.report import report

        report(out)
    if not summary['persons']:
        raise typer.Exit(NOBODY)


def _peek(frames: FrameSource) -> tuple[Frame, Iterable[Frame]]:
    """Look at the first picture for its size, and put it back."""
    images = iter(frames)
    first = next(images, None)
    if first is None:
        raise ValueError(f'{frames.name}: no pictures; check that it plays in a video player')
    return first, chain([first], images)


class _Cameras:
    """
    The camera of each picture: what the user gave, else what came along, else a guess.

    The size may change on the way, where somebody turned the phone or the stream was adapted.
    """

    def __init__(
        self,
        frames: FrameSource,
        intrinsics: Path | None,
        section: str | None,
        focal_px: float | None,
    ) -> None:
        self._frames, self._intrinsics = frames, intrinsics
        self._section, self._focal_px = section, focal_px
        self._known: dict[tuple[int, ...], Camera] = {}

    @property
    def first(self) -> Camera:
        """The camera of the first picture."""
        return next(iter(self._known.values()))

    def of(self, image_bgr: ImageArray) -> Camera:
        """
        Give the camera.

        :raises CameraError: when there is none for pictures of this size.
        """
        shape = image_bgr.shape
        if shape not in self._known:
            self._known[shape] = self._camera(shape[1], shape[0])
        return self._known[shape]

    def _camera(self, width_px: int, height_px: int) -> Camera:
        from biopose_ros.files.camera import fit_to_images, guess_camera, read_camera

        if self._intrinsics is not None:
            return read_camera(self._intrinsics, width_px, height_px, self._section)
        if self._frames.camera is not None:
            return fit_to_images(self._frames.camera, width_px, height_px, self._frames.name)
        return guess_camera(width_px, height_px, self._focal_px)


def _keypoints(path: Path | None, frames: FrameSource) -> KeypointRecording | None:
    """Read another detector's keypoints, and see that they can be those of these pictures."""
    from biopose_ros.keypoints import read_keypoints

    if path is None:
        return None
    recording = read_keypoints(path)
    recording.check_length(frames.frame_count)
    return recording


def _process(
    frames: FrameSource,
    images: Iterable[Frame],
    origin_ns: int,
    cameras: _Cameras,
    pipeline: Pipeline,
    recording: KeypointRecording | None,
    run: RecordingRun,
    overlay: Path | None,
    console: Console,
) -> dict[str, Any]:
    """
    Work through the pictures; an interrupt ends the run, and its files, in good order.

    :param run: takes the poses picture by picture.
    :param overlay: a video to draw; None for none.
    """
    from biopose_ros.cli.progress import track_frames
    from biopose_ros.files.overlay import VideoWriter
    from biopose_ros.files.results import COMPLETE, CUT_SHORT, INTERRUPTED
    from biopose_ros.person.drawing import draw_persons

    ended = COMPLETE
    with ExitStack() as stack:
        video: VideoWriter | None = None
        if overlay is not None:
            video = stack.enter_context(VideoWriter(overlay, frames.rate_hz))
        try:
            for frame in track_frames(images, frames.name, frames.frame_count, console):
                found = recording.at(frame.index, frame.stamp_ns) if recording else None
                camera = cameras.of(frame.image_bgr)
                poses = pipeline.process(frame.image_bgr, camera, frame.stamp_ns, found)
                run.take(frame.image_bgr, camera, (frame.stamp_ns - origin_ns) * 1e-9, poses)
                if video is not None:
                    picture = draw_persons(frame.image_bgr, camera, poses, pipeline.skeleton)
                    video.write(picture, frame.stamp_ns - origin_ns)
        except KeyboardInterrupt:
            console.print('interrupted; finishing the files')
            ended = INTERRUPTED
        except Exception:
            with suppress(OSError):
                run.finish(CUT_SHORT)
            raise
        return run.finish(ended)


def _description(
    frames: FrameSource,
    camera: Camera,
    pipeline: Pipeline,
    origin_ns: int,
    looks_ahead: bool,
) -> dict[str, Any]:
    return {
        'input': frames.name,
        'time_origin_ns': origin_ns,
        'note': frames.note,
        'images_left_out': frames.left_out,
        'method': pipeline.config.method,
        'network': pipeline.config.detection.model,
        'own_parts': {
            name: str(path)
            for name in ('mesh_weights', 'neurik_weights', 'body')
            if (path := getattr(pipeline.config, name)) is not None
        },
        'device': pipeline.device,
        'height_m': pipeline.config.height_m,
        'mass_kg': pipeline.config.mass_kg,
        'smoothing': pipeline.config.smoothing,
        'looks_ahead': looks_ahead,
        'camera': {
            'width_px': camera.width_px,
            'height_px': camera.height_px,
            'intrinsics_px': camera.intrinsics_px.tolist(),
            'distortion': camera.distortion.tolist(),
            'is_fisheye': camera.is_fisheye,
            'is_calibrated': camera.is_calibrated,
            'focal_stddev': camera.focal_stddev,
        },
    }


def print_summary(summary: dict[str, Any], out: Path, console: Console) -> None:
    """
    Print the table of persons.

    :param summary: of the run.
    :param out: its folder.
    :param console: to print to.
    """
    from rich.table import Table

    table = Table('person', 'images', 'from', 'to', 'gaps', 'stature', 'mass', 'confidence')
    for person in summary['persons']:
        table.add_row(
            person['person_id'],
            str(person['frames']),
            f'{person["first_time_s"]:.2f} s',
            f'{person["last_time_s"]:.2f} s',
            str(len(person['gaps_s'])),
            f'{person["stature_m"] or float("nan"):.2f} m',
            f'{person["mass_kg"] or float("nan"):.0f} kg',
            f'{person["mean_confidence"]:.2f}',
        )
    if summary['persons']:
        console.print(table)
        _print_own_model(summary['persons'], console)
    else:
        console.print(
            'nobody was found for as long as --shortest asks; check that a person is visible '
            f'from head to hips at least (exit status {NOBODY})',
            style='yellow',
        )
    if summary['ended'] != 'complete':
        console.print(f'the run was {summary["ended"]}', style='yellow')
    if summary['note']:
        console.print(f'{summary["input"]}: {summary["note"]}')
    for reason, count in summary['images_left_out'].items():
        console.print(f'{count} images were left out: {reason}', style='yellow')
    if not summary['camera']['is_calibrated']:
        console.print(
            'The camera is a guess: distances, and angles a little, depend on it. '
            'Give --intrinsics or --focal.'
        )
    console.print(f'{summary["frames"]} images, {summary["duration_s"]:.2f} s; results: {out}')


def _print_own_model(persons: Sequence[dict[str, Any]], console: Console) -> None:
    """Tell how well the motions fit the user's model, where there is one."""
    for person in persons:
        residual_m = person.get('own_model_residual_m')
        if residual_m is not None:
            console.print(
                f'{person["person_id"]}/own_motion.mot: markers {1000 * residual_m:.0f} mm from '
                'ours, root mean square'
            )
