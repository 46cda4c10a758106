"""The command line ``biopose``: one file per command, heavy imports inside the commands."""

from __future__ import annotations

import typer

from biopose_ros.cli import data, weights
from biopose_ros.cli.batch import batch
from biopose_ros.cli.benchmark.live import benchmark_live
from biopose_ros.cli.benchmark.pipeline import benchmark as benchmark_all
from biopose_ros.cli.benchmark.soak import benchmark_soak
from biopose_ros.cli.benchmark.synth import benchmark_synth
from biopose_ros.cli.build.angle_figures import build_angle_figures
from biopose_ros.cli.build.body import build_body
from biopose_ros.cli.build.certainty import build_certainty
from biopose_ros.cli.build.evidence import build_evidence
from biopose_ros.cli.build.marker_sites import build_marker_sites
from biopose_ros.cli.build.mesh_errors import build_mesh_errors
from biopose_ros.cli.build.mesh_sheet import mesh_sheet
from biopose_ros.cli.build.motion_sheet import motion_sheet
from biopose_ros.cli.build.normal_gait import build_normal_gait
from biopose_ros.cli.build.settings import build_settings
from biopose_ros.cli.build.skeleton import build_skeleton
from biopose_ros.cli.compare import compare
from biopose_ros.cli.demo import demo
from biopose_ros.cli.doctor import doctor
from biopose_ros.cli.errors import GivenFiles
from biopose_ros.cli.evaluate.body import evaluate_body
from biopose_ros.cli.evaluate.confidence import evaluate_confidence
from biopose_ros.cli.evaluate.detector import evaluate_detector
from biopose_ros.cli.evaluate.evidence import evaluate_evidence
from biopose_ros.cli.evaluate.feet import evaluate_feet
from biopose_ros.cli.evaluate.files import evaluate_files
from biopose_ros.cli.evaluate.filtering import evaluate_filtering
from biopose_ros.cli.evaluate.keypoints import evaluate_keypoints
from biopose_ros.cli.evaluate.mesh import evaluate_mesh
from biopose_ros.cli.evaluate.mesh_ablations import evaluate_mesh_ablations
from biopose_ros.cli.evaluate.motion import evaluate_motion
from biopose_ros.cli.evaluate.near import evaluate_near
from biopose_ros.cli.evaluate.neurik import evaluate_neurik
from biopose_ros.cli.evaluate.points import evaluate_points
from biopose_ros.cli.evaluate.refinement import evaluate_refinement
from biopose_ros.cli.evaluate.refinement_depth import evaluate_refinement_depth
from biopose_ros.cli.evaluate.skeleton import evaluate_skeleton
from biopose_ros.cli.evaluate.video import evaluate_video
from biopose_ros.cli.finish import finish
from biopose_ros.cli.node import node
from biopose_ros.cli.play import play
from biopose_ros.cli.report import report
from biopose_ros.cli.run import run
from biopose_ros.cli.synth import synth
from biopose_ros.cli.train.all import train_all
from biopose_ros.cli.train.appearance import train_appearance
from biopose_ros.cli.train.detector import train_detector
from biopose_ros.cli.train.mesh import train_mesh
from biopose_ros.cli.train.neurik import train_neurik
from biopose_ros.cli.view import view

app = typer.Typer(
    name='biopose',
    help='Joint angles of an OpenSim skeleton from one camera.',
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
evaluate = typer.Typer(cls=GivenFiles, help='Measure accuracy; print a table and write JSON.')
benchmark = typer.Typer(help='Measure speed; print a table and write JSON.')
build = typer.Typer(cls=GivenFiles, help='Write generated files again.')
train = typer.Typer(cls=GivenFiles, help='Train networks.')
app.add_typer(evaluate, name='evaluate', no_args_is_help=True)
app.add_typer(benchmark, name='benchmark', invoke_without_command=True)
app.add_typer(build, name='build', no_args_is_help=True)
app.add_typer(train, name='train', no_args_is_help=True)
app.add_typer(weights.app, name='weights')
app.add_typer(data.app, name='data')
app.command(context_settings={'allow_extra_args': True, 'ignore_unknown_options': True})(node)
app.command()(compare)
app.command(context_settings={'allow_extra_args': True, 'ignore_unknown_options': True})(batch)
app.command()(demo)
app.command()(doctor)
app.command()(play)
benchmark.callback()(benchmark_all)
benchmark.command('live')(benchmark_live)
app.command()(run)
app.command()(finish)
app.command()(report)
evaluate.command('points')(evaluate_points)
app.command()(view)
evaluate.command('video')(evaluate_video)
evaluate.command('body')(evaluate_body)
evaluate.command('feet')(evaluate_feet)
evaluate.command('files')(evaluate_files)
evaluate.command('filtering')(evaluate_filtering)
evaluate.command('evidence')(evaluate_evidence)
evaluate.command('keypoints')(evaluate_keypoints)
evaluate.command('mesh')(evaluate_mesh)
evaluate.command('mesh-ablations')(evaluate_mesh_ablations)
evaluate.command('confidence')(evaluate_confidence)
evaluate.command('detector')(evaluate_detector)
evaluate.command('motion')(evaluate_motion)
evaluate.command('near')(evaluate_near)
evaluate.command('neurik')(evaluate_neurik)
evaluate.command('refinement')(evaluate_refinement)
evaluate.command('refinement-depth')(evaluate_refinement_depth)
evaluate.command('skeleton')(evaluate_skeleton)
build.command('settings')(build_settings)
build.command('skeleton')(build_skeleton)
build.command('body')(build_body)
build.command('certainty')(build_certainty)
build.command('angle-figures')(build_angle_figures)
build.command('evidence')(build_evidence)
build.command('mesh-errors')(build_mesh_errors)
build.command('marker-sites')(build_marker_sites)
build.command('normal-gait')(build_normal_gait)
build.command('motion-sheet')(motion_sheet)
build.command('mesh-sheet')(mesh_sheet)
benchmark.command('soak')(benchmark_soak)
benchmark.command('synth')(benchmark_synth)
app.command()(synth)
train.command('all')(train_all)
train.command('appearance')(train_appearance)
train.command('detector')(train_detector)
train.command('neurik')(train_neurik)
train.command('mesh')(train_mesh)


def main() -> None:
    """Run the command line."""
    app()
