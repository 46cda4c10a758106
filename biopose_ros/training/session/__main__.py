"""``python -m biopose_ros.training.session``: with argparse, for typer may be missing there."""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path

from biopose_ros.training.session.bring import CACHE, MOTION, PICTURES, bring

ROOT = Path(__file__).resolve().parents[3]


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog='biopose_ros.training.session', description=__doc__)
    commands = parser.add_subparsers(dest='command', required=True)
    pack = commands.add_parser('bring', help='Collect what to bring in one folder.')
    pack.add_argument('folder', type=Path, help='New folder.')
    pack.add_argument('--motion', type=Path, help='Folder of recorded motion.')
    pack.add_argument(
        '--real', type=Path, action='append', default=[],
        help='Video or folder of photos of persons; may be given again.',
    )  # fmt: skip
    train = commands.add_parser('run', help='Check, measure, train, save, report.')
    train.add_argument('folder', type=Path, help='For checkpoints; started again, it goes on.')
    train.add_argument('--minutes', type=float, default=28.0, help='Of all calls together.')
    train.add_argument('--call-minutes', type=float, help='This call ends then; default: all.')
    train.add_argument('--results', type=Path, help='Default: FOLDER/results.')
    train.add_argument('--motion', type=_existing, default=_beside(MOTION))
    train.add_argument('--pictures', type=_existing, default=_beside(PICTURES))
    train.add_argument('--start', type=_existing, help='Decoder; default: the one that ships.')
    train.add_argument('--seed', type=int, default=0)
    options = parser.parse_args()
    if options.command == 'bring':
        size_mib = bring(options.folder, options.motion, options.real)
        print(f'{options.folder}: {size_mib:.1f} MiB')
        return
    if (cache := _beside(CACHE)) is not None:
        os.environ.setdefault('BIOPOSE_CACHE', str(cache))
    from biopose_ros.training.session.session import Session, SessionPlan, Sizes

    plan = SessionPlan(
        options.folder,
        options.results or options.folder / 'results',
        options.minutes,
        options.call_minutes or options.minutes,
        options.motion,
        options.pictures,
        options.start,
        options.seed,
    )
    Session(plan, Sizes.of_machine(), partial(print, flush=True)).run()


def _beside(name: str) -> Path | None:
    """Give what :func:`bring` put beside the package."""
    return ROOT / name if (ROOT / name).is_dir() else None


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f'{path}: no such file or folder')
    return path


if __name__ == '__main__':
    main()
