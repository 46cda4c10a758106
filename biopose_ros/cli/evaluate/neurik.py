"""``biopose evaluate neurik``: joint angles from noisy markers, beside inverse kinematics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biopose_ros.cli.options import JsonFile, MotionFolder


def evaluate_neurik(
    json_file: JsonFile = None,
    weights: Annotated[
        Path | None, typer.Option(exists=True, help='Weights file; the one that ships by default.')
    ] = None,
    motion: MotionFolder = None,
    labels: Annotated[
        Path, typer.Option(help='Where the labels of the test motion are kept.')
    ] = Path('neurik_training'),
    activities: Annotated[int, typer.Option(min=2, help='Synthesised activities.')] = 30,
    clips: Annotated[int, typer.Option(min=1, help='Clips for the slow solvers.')] = 12,
    frames: Annotated[int, typer.Option(min=3, help='Frames of each of these.')] = 60,
    seed: Annotated[int, typer.Option(help='Of persons and activities.')] = 1,
    rendered: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help='File of `biopose build evidence` with the test split, to measure too.',
        ),
    ] = None,
) -> None:
    """Measure NeurIK on persons and motions that its training never saw."""
    try:
        import opensim  # noqa: F401
    except ImportError as error:
        raise typer.BadParameter(
            'this comparison needs OpenSim: pip install opensim', param_hint='evaluate neurik'
        ) from error
    from rich.console import Console
    from rich.progress import Progress

    from biopose_ros.cli.figures import write_figures
    from biopose_ros.evaluation.inverse_kinematics.neurik import NOISES, evaluate_rendered
    from biopose_ros.evaluation.inverse_kinematics.neurik import evaluate_neurik as evaluate
    from biopose_ros.evaluation.inverse_kinematics.table import neurik_table, rendered_tables
    from biopose_ros.inverse_kinematics.neurik_file import load_neurik
    from biopose_ros.inverse_kinematics.predictor import NeurikPredictor
    from biopose_ros.skeleton import load_skeleton
    from biopose_ros.training.motion.splits import Split
    from biopose_ros.training.neurik.label_store import stored_motion
    from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence

    console = Console()
    model, _ = load_neurik(weights)
    with Progress(console=console, transient=True) as progress:
        labelling = progress.add_task('label test motion', total=None)
        test = stored_motion(
            labels,
            Split.TEST,
            motion,
            activities,
            seed,
            lambda done, total: progress.update(labelling, completed=done, total=total),
        )
        progress.update(labelling, completed=1, total=1)
        task = progress.add_task('measure', total=clips * len(NOISES))
        results = evaluate(
            model,
            NeurikPredictor(weights),
            test,
            clips,
            frames,
            lambda: progress.advance(task),
        )
    console.print(neurik_table(results))
    if rendered is not None:
        found = evaluate_rendered(model, load_skeleton(), RenderedEvidence.load(rendered))
        console.print(*rendered_tables(found))
        running = found['all']
        results['rendered'] = {
            'mae_angle_deg': running['mae_angle_deg'],
            'mae_angle_deg_bias_corrected': running['mae_angle_bias_corrected_deg'],
            'gain': running['gain'],
            'evidence': found,
        }
    write_figures(json_file, results)
