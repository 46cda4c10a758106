"""``biopose demo``: a real person's joint angles, live, on a machine without a camera."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biopose_ros.cli.errors import shown_errors
from biopose_ros.cli.options import Device

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from biopose_ros.ros.live_monitor import LiveMonitor

# A woman walks past the camera; the package is published under BSD-3-Clause.
DEMO_PACKAGE = 'sports2d==0.8.34'
DEMO_MEMBER = 'Sports2D/Demo/demo.mp4'
# From when she is whole in the picture: six steps, seconds.
DEMO_MOMENT_S = (1.4, 5.5)
SHOWN = (
    *('hip_flexion_r', 'hip_flexion_l', 'knee_angle_r', 'knee_angle_l'),
    *('ankle_angle_r', 'ankle_angle_l', 'lumbar_extension'),
    *('arm_flex_r', 'arm_flex_l', 'elbow_flex_r', 'elbow_flex_l'),
)


def demo(
    video: Annotated[
        str, typer.Argument(help='Video file or webcam number; the default is a person walking.')
    ] = '',
    out: Annotated[Path, typer.Option(help='Folder of all that is left.')] = Path('output/demo'),
    bag: Annotated[bool, typer.Option(help='Record a bag (MCAP).')] = True,
    device: Device = 'auto',
) -> None:
    """Run node and player on a video: a live table, then a picture, a bag and a report."""
    import os

    from rich.console import Console
    from rich.live import Live

    from biopose_ros.pretrained.published_package import PackageError
    from biopose_ros.ros.dds_profile import large_image_environment

    # Node and player inherit this; it must be set before the first rclpy call here, too.
    os.environ.update(large_image_environment())
    from biopose_ros.ros.demo_session import DemoError, DemoSettings, run_demo

    console = Console(markup=False)
    out.mkdir(parents=True, exist_ok=True)
    with shown_errors(DemoError, PackageError):
        recording = video or str(demo_video())
        shown = video or str(demo_moment(Path(recording)))
        settings = DemoSettings(shown, out / 'bag' if bag else None, out / 'demo.log', device)
        with Live(console=console, refresh_per_second=10) as live:
            monitor = run_demo(settings, lambda seen: live.update(angle_table(seen)))
    _finish(monitor, settings.bag, out, console)
    if not video.isdigit():
        _report(recording, None if video else DEMO_MOMENT_S, out, device, console)


def demo_video() -> Path:
    """
    Give the video of the demonstration, fetched once from a published package.

    :raises PackageError: when it cannot be had.
    """
    from biopose_ros.pretrained.published_package import fetch_from_wheel
    from biopose_ros.resources import cache_path

    folder = cache_path('videos/sports2d/demo.mp4').parent
    return fetch_from_wheel(DEMO_PACKAGE, [DEMO_MEMBER], folder)[DEMO_MEMBER]


def demo_moment(video: Path) -> Path:
    """
    Cut out the moment that is worth seeing, in the size that is played: made once.

    Shrinking pictures while they are played took more of a small machine than the estimate.

    :param video: of the demonstration.
    """
    from biopose_ros.files.frames import part_of
    from biopose_ros.files.overlay import VideoWriter
    from biopose_ros.files.video import open_frames
    from biopose_ros.ros.demo_session import SIZE_PX
    from biopose_ros.ros.player import Letterbox

    name = '{}_{}_{}x{}'.format(video.stem, _span(DEMO_MOMENT_S), *SIZE_PX)
    moment, unfinished = video.with_name(f'{name}.mp4'), video.with_name(f'{name}.unfinished.mp4')
    if moment.exists():
        return moment
    frames = part_of(open_frames(video), _span(DEMO_MOMENT_S))
    with VideoWriter(unfinished, frames.rate_hz or 30.0) as writer:
        for frame in frames:
            height, width, _ = frame.image_bgr.shape
            picture = Letterbox.between((width, height), SIZE_PX).image(frame.image_bgr)
            writer.write(picture, frame.stamp_ns)
    return unfinished.rename(moment)


def _span(moment_s: tuple[float, float]) -> str:
    """Write a span of time as the option ``--time`` takes it."""
    return '{:g}-{:g}'.format(*moment_s)


def angle_table(monitor: LiveMonitor) -> Table:
    """
    Show the newest angles of the person who moves most.

    :param monitor: of the running session.
    """
    from math import degrees

    from rich.table import Table

    newest = monitor.newest
    rate, latency = monitor.rate_hz, monitor.latency_ms(50)
    who = newest.person_id if newest else 'waiting for a person'
    table = Table(title=f'{who}   {rate:.1f} images/s   latency {latency:.0f} ms (median)')
    table.add_column('coordinate')
    for column in ('angle, deg', 'velocity, deg/s', '1 sigma, deg'):
        table.add_column(column, justify='right')
    if newest is not None:
        index = {name: i for i, name in enumerate(newest.name)}
        for name in SHOWN:
            values = (newest.position, newest.velocity, newest.stddev)
            table.add_row(name, *(f'{degrees(column[index[name]]):.1f}' for column in values))
    return table


def _finish(monitor: LiveMonitor, bag: Path | None, out: Path, console: Console) -> None:
    from biopose_ros.ros.session_picture import save_session_picture

    picture = out / 'demo.png'
    if not save_session_picture(monitor, picture):
        console.print(
            f'Nobody was seen; messages of node and player: {out / "demo.log"}', style='red'
        )
        raise typer.Exit(1)
    console.print(
        f'{monitor.frames} images with angles, {monitor.rate_hz:.1f} a second, latency '
        f'{monitor.latency_ms(50):.0f} ms median, {monitor.latency_ms(95):.0f} ms at 95 %'
    )
    console.print(f'picture: {picture}')
    if bag is not None:
        console.print(f'bag:     {bag}')


def _report(
    video: str, moment_s: tuple[float, float] | None, out: Path, device: str, console: Console
) -> None:
    """Work through the same pictures once more, with what came before and after each."""
    import shutil
    import subprocess
    import sys

    results = out / 'results'
    shutil.rmtree(results, ignore_errors=True)  # of the demonstration before
    command = [sys.executable, '-m', 'biopose_ros.cli', 'run', video, '--out', str(results)]
    command += ['--report', '--device', device]
    command += ['--time', _span(moment_s)] if moment_s else []
    with console.status('the same video again, every image, for OpenSim and for the report'):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        console.print(
            f'no report: {(done.stderr or done.stdout).strip()}', style='red', soft_wrap=True
        )
        raise typer.Exit(1)
    console.print(f'OpenSim: {results}/person_*/ (motion.mot, markers.trc, model.osim)')
    console.print(f'report:  {results / "report.html"}, open it in a browser', soft_wrap=True)
