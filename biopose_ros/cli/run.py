"""``biopose run``: a video in, OpenSim files out, without ROS."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biopose_ros.cli.options import with_settings
from biopose_ros.settings import PipelineConfig

if TYPE_CHECKING:
    from rich.console import Console

    from biopose_ros.files.frames import Frame, FrameSource
    from biopose_ros.keypoints import KeypointRecording
    from biopose_ros.pipeline import Pipeline
    from biopose_ros.records import Camera

UNKNOWN_RATE_HZ = 30.0


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
        typer.Option(help='Camera calibration: ROS camera_info YAML, fx fy cx cy YAML, or TOML.'),
    ] = None,
    camera_name: Annotated[
        str | None, typer.Option('--camera', help='Section of a TOML with several cameras.')
    ] = None,
    focal: Annotated[
        float | None, typer.Option(help='Focal length in pixels, where there is no calibration.')
    ] = None,
    smooth: Annotated[
        bool,
        typer.Option(
            '--smooth', help='Smooth with what came before and after, without lag; at the end.'
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
    rate: Annotated[
        float | None, typer.Option(help='Images per second, for a folder of images.')
    ] = None,
    topic: Annotated[str | None, typer.Option(help='Image topic, for a bag with several.')] = None,
    *,
    config: PipelineConfig,
) -> None:
    """Estimate joint angles in a recording; write .mot, .trc, .osim, CSV and a summary."""
    from rich.console import Console

    from biopose_ros.files.video import open_frames
    from biopose_ros.pipeline import Pipeline

    console = Console()
    try:
        frames = open_frames(source, rate_hz=rate, topic=topic)
        first, images = _peek(frames)
        camera = _camera(frames, first, intrinsics, camera_name, focal)
        recording = _keypoints(keypoints, frames)
        pipeline = Pipeline(replace(config, smoothing=0.0) if smooth else config)
        # A video's own time line starts at 0; the epoch of a clock would drown the time column.
        origin_ns = first.stamp_ns if frames.is_wall_clock else 0
        look_ahead = config.smoothing if smooth else None
        summary = _process(
            frames,
            images,
            origin_ns,
            camera,
            pipeline,
            recording,
            out,
            look_ahead,
            overlay,
            console,
        )
    except (OSError, ValueError) as error:
        console.print(f'[red]error:[/] {error}', soft_wrap=True, highlight=False)
        raise typer.Exit(1) from None
    _print_summary(summary, out, console)


def _peek(frames: FrameSource) -> tuple[Frame, Iterable[Frame]]:
    """Look at the first picture for its size, and put it back."""
    images = iter(frames)
    first = next(images, None)
    if first is None:
        raise ValueError(f'{frames.name}: no pictures; check that it plays in a video player')
    return first, chain([first], images)


def _camera(
    frames: FrameSource,
    first: Frame,
    intrinsics: Path | None,
    camera_name: str | None,
    focal_px: float | None,
) -> Camera:
    """Take what the user gave, else what came with the pictures, else a guess."""
    from biopose_ros.files.camera import fit_to_images, guess_camera, read_camera

    height_px, width_px = first.image_bgr.shape[:2]
    if intrinsics is not None:
        return read_camera(intrinsics, width_px, height_px, camera_name)
    if frames.camera is not None:
        return fit_to_images(frames.camera, width_px, height_px, frames.name)
    return guess_camera(width_px, height_px, focal_px)


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
    camera: Camera,
    pipeline: Pipeline,
    recording: KeypointRecording | None,
    out: Path,
    look_ahead: float | None,
    with_overlay: bool,
    console: Console,
) -> dict[str, Any]:
    """
    Work through the pictures; an interrupt ends the run, and its files, in good order.

    :param look_ahead: strength of smoothing at the end, which keeps all poses in memory until
        then; None writes them picture by picture.
    """
    from biopose_ros.cli.progress import track_frames
    from biopose_ros.files.overlay import VideoWriter
    from biopose_ros.files.results import RunResults
    from biopose_ros.person.drawing import draw_persons
    from biopose_ros.person.recording import RecordedImage, smooth_recording

    rate_hz = frames.rate_hz or UNKNOWN_RATE_HZ
    results = RunResults(out, pipeline.skeleton, rate_hz)
    kept: list[RecordedImage] = []
    with ExitStack() as stack:
        video: VideoWriter | None = None
        if with_overlay:
            video = stack.enter_context(VideoWriter(out / 'overlay.mp4', rate_hz))
        try:
            for frame in track_frames(images, frames.frame_count, frames.name, console):
                found = recording.at(frame.index, frame.stamp_ns) if recording else None
                poses = pipeline.process(frame.image_bgr, camera, frame.stamp_ns, found)
                image = RecordedImage((frame.stamp_ns - origin_ns) * 1e-9, poses)
                if look_ahead is None:
                    results.write(image.time_s, image.poses)
                else:
                    kept.append(image)
                if video is not None:
                    picture = draw_persons(frame.image_bgr, camera, poses, pipeline.skeleton)
                    video.write(picture, frame.stamp_ns - origin_ns)
        except KeyboardInterrupt:
            console.print('interrupted; finishing the files')
        finally:
            if look_ahead is not None:
                ground = pipeline.ground
                for image in smooth_recording(kept, pipeline.skeleton, camera, ground, look_ahead):
                    results.write(image.time_s, image.poses)
            summary = results.close(
                {
                    **_description(frames, camera, pipeline, origin_ns),
                    'smoothing': pipeline.config.smoothing if look_ahead is None else look_ahead,
                    'looks_ahead': look_ahead is not None,
                }
            )
    return summary


def _description(
    frames: FrameSource, camera: Camera, pipeline: Pipeline, origin_ns: int
) -> dict[str, Any]:
    return {
        'input': frames.name,
        'time_origin_ns': origin_ns,
        'method': pipeline.config.method,
        'network': pipeline.config.detection.model,
        'device': pipeline.device,
        'height_m': pipeline.config.height_m,
        'camera': {
            'width_px': camera.width_px,
            'height_px': camera.height_px,
            'intrinsics_px': camera.intrinsics_px.tolist(),
            'distortion': camera.distortion.tolist(),
            'is_calibrated': camera.is_calibrated,
            'focal_stddev': camera.focal_stddev,
            'pitch_rad': pipeline.config.camera_pitch_rad,
            'roll_rad': pipeline.config.camera_roll_rad,
            'height_m': pipeline.config.camera_height_m,
        },
    }


def _print_summary(summary: dict[str, Any], out: Path, console: Console) -> None:
    from rich.table import Table

    table = Table('person', 'images', 'from', 'to', 'gaps', 'stature', 'confidence')
    for person in summary['persons']:
        table.add_row(
            person['person_id'],
            str(person['frames']),
            f'{person["first_time_s"]:.2f} s',
            f'{person["last_time_s"]:.2f} s',
            str(len(person['gaps_s'])),
            f'{person["stature_m"] or float("nan"):.2f} m',
            f'{person["mean_confidence"]:.2f}',
        )
    if summary['persons']:
        console.print(table)
    else:
        console.print('[yellow]nobody was found[/]; check that a whole person is visible')
    if not summary['camera']['is_calibrated']:
        console.print(
            'The camera is a guess: distances, and angles a little, depend on it. '
            'Give --intrinsics or --focal.'
        )
    console.print(f'{summary["frames"]} images, {summary["duration_s"]:.2f} s; results: {out}')
