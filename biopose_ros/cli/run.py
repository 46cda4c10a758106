"""``biopose run``: a video in, OpenSim files out, without ROS."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from biopose_ros.files.video import Frame, FrameSource
    from biopose_ros.pipeline import Pipeline
    from biopose_ros.records import Camera

UNKNOWN_RATE_HZ = 30.0


def run(
    source: Annotated[
        str,
        typer.Argument(
            metavar='INPUT', help='Video file, folder of images, ROS bag, or number of a webcam.'
        ),
    ],
    out: Annotated[Path, typer.Option(help='Folder for the results; must be new or empty.')],
    height: Annotated[
        float | None, typer.Option(help='Standing height of the person, metres.')
    ] = None,
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
    method: Annotated[str, typer.Option(help='How angles are estimated.')] = 'landmarks',
    network: Annotated[str, typer.Option(help='Landmark network: lite, full, heavy.')] = 'full',
    overlay: Annotated[
        bool, typer.Option('--overlay', help='Also write overlay.mp4, the skeleton drawn in.')
    ] = False,
    max_persons: Annotated[int, typer.Option(min=1, help='Persons followed at once.')] = 4,
    device: Annotated[str, typer.Option(help='auto, cpu, cuda or cuda:N.')] = 'auto',
    rate: Annotated[
        float | None, typer.Option(help='Images per second, for a folder of images.')
    ] = None,
    topic: Annotated[str | None, typer.Option(help='Image topic, for a bag with several.')] = None,
) -> None:
    """Estimate joint angles in a recording; write .mot, .trc, .osim, CSV and a summary."""
    from rich.console import Console

    from biopose_ros.detection.config import DetectionConfig
    from biopose_ros.files.video import open_frames
    from biopose_ros.pipeline import Pipeline, PipelineConfig

    console = Console()
    try:
        frames = open_frames(source, rate_hz=rate, topic=topic)
        first, images = _peek(frames)
        camera = _camera(frames, first, intrinsics, camera_name, focal)
        pipeline = Pipeline(
            PipelineConfig(
                method=method,
                device=device,
                height_m=height,
                detection=DetectionConfig(model=network, max_persons=max_persons),
            )
        )
        # A video's own time line starts at 0; the epoch of a clock would drown the time column.
        origin_ns = first.stamp_ns if frames.is_wall_clock else 0
        summary = _process(frames, images, origin_ns, camera, pipeline, out, overlay, console)
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


def _process(
    frames: FrameSource,
    images: Iterable[Frame],
    origin_ns: int,
    camera: Camera,
    pipeline: Pipeline,
    out: Path,
    with_overlay: bool,
    console: Console,
) -> dict[str, Any]:
    """Work through the pictures; an interrupt ends the run, and its files, in good order."""
    from biopose_ros.cli.progress import track_frames
    from biopose_ros.drawing import draw_persons
    from biopose_ros.files.overlay import VideoWriter
    from biopose_ros.files.results import RunResults

    rate_hz = frames.rate_hz or UNKNOWN_RATE_HZ
    results = RunResults(out, pipeline.skeleton, rate_hz)
    with ExitStack() as stack:
        video: VideoWriter | None = None
        if with_overlay:
            video = stack.enter_context(VideoWriter(out / 'overlay.mp4', rate_hz))
        try:
            for frame in track_frames(images, frames.frame_count, frames.name, console):
                poses = pipeline.process(frame.image_bgr, camera, frame.stamp_ns)
                results.write((frame.stamp_ns - origin_ns) * 1e-9, poses)
                if video is not None:
                    picture = draw_persons(frame.image_bgr, camera, poses, pipeline.skeleton)
                    video.write(picture, frame.stamp_ns - origin_ns)
        except KeyboardInterrupt:
            console.print('interrupted; finishing the files')
        finally:
            summary = results.close(_description(frames, camera, pipeline, origin_ns))
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
