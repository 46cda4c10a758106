"""``biopose play``: a video as a camera."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from biopose_ros.files.frames import FrameSource
    from biopose_ros.ros.player import PlayerSettings


def play(
    video: Annotated[str, typer.Argument(help='Video file, image folder, bag, or webcam number.')],
    rate: Annotated[float, typer.Option(min=0.01, help='Speed; 2 is twice as fast.')] = 1.0,
    loop: Annotated[bool, typer.Option('--loop', help='Start again at the end.')] = False,
    compressed: Annotated[
        bool, typer.Option('--compressed', help='Publish JPEG on TOPIC/compressed.')
    ] = False,
    topic: Annotated[str, typer.Option(help='Image topic; camera_info lies beside it.')] = 'image',
    size: Annotated[
        str, typer.Option(help='Resize, for example 1280x720; bars fill where shapes differ.')
    ] = '',
    intrinsics: Annotated[
        Path | None, typer.Option(exists=True, help='Calibration (YAML or TOML) of the video.')
    ] = None,
    frame_id: Annotated[
        str, typer.Option(help="Name of the camera's optical frame.")
    ] = 'camera_optical_frame',
    preload: Annotated[
        bool, typer.Option('--preload', help='Decode everything first (needs much memory).')
    ] = False,
    best_effort: Annotated[
        bool, typer.Option('--best-effort', help='Publish as most camera drivers do.')
    ] = False,
    pace_topic: Annotated[
        str, typer.Option(help="A pose node's tracked_persons: play slower where it is too slow.")
    ] = '',
    images_per_second: Annotated[
        float | None, typer.Option(min=0.01, help='Rate of an image folder without times.')
    ] = None,
) -> None:
    """Publish a video as Image and CameraInfo at its own pace, until the end or Ctrl-C."""
    import os

    from biopose_ros.ros.dds_profile import large_image_environment

    os.environ.update(large_image_environment())
    from biopose_ros.files.video import open_frames
    from biopose_ros.ros.player import PlayerSettings

    try:
        source = open_frames(video, rate_hz=images_per_second)
        settings = PlayerSettings(
            topic=topic,
            rate=rate,
            is_looped=loop,
            is_compressed=compressed,
            is_preloaded=preload,
            size_px=_parse_size(size) if size else None,
            frame_id=frame_id,
            is_reliable=not best_effort,
            pace_topic=pace_topic or None,
        )
        _play(source, settings, intrinsics)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _parse_size(text: str) -> tuple[int, int]:
    width, _, height = text.partition('x')
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise typer.BadParameter(f'--size {text!r} is not WIDTHxHEIGHT, for example 1280x720')
    return int(width), int(height)


def _play(source: FrameSource, settings: PlayerSettings, intrinsics: Path | None) -> None:
    import rclpy
    from rclpy.executors import ExternalShutdownException
    from rich.markup import escape
    from rich.progress import Progress

    from biopose_ros.files.camera import read_camera
    from biopose_ros.ros.player import VideoPlayer

    camera = None
    if intrinsics is not None:
        height, width, _ = next(iter(source)).image_bgr.shape
        camera = read_camera(intrinsics, width, height)
    rclpy.init()
    node = rclpy.create_node('player')
    player = VideoPlayer(node, source, settings, camera)
    total = None if settings.is_looped else source.frame_count
    try:
        with Progress(transient=True) as progress:
            task = progress.add_task('waiting for a subscriber', total=total)
            player.wait_for_listener()
            progress.update(task, description=f'playing {escape(source.name)}')
            for _ in player.play():
                progress.advance(task)
                if not rclpy.ok():
                    break
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()
