"""``biopose doctor``: what works here, what does not, and what to do about it."""

from __future__ import annotations

import typer

MARKS = {'ok': '[green]OK', 'advice': '[yellow]could be better', 'fault': '[red]missing'}


def doctor() -> None:
    """Check Python, libraries, ROS, messages, transports, device and weights."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from biopose_ros import health
    from biopose_ros.ros import health as ros_health

    console = Console()
    table = Table('check', 'state', Column('found', overflow='fold'), title='biopose doctor')
    findings = []
    with console.status('looking around') as status:
        for finding in health.examine([*health.checks(), *ros_health.checks()]):
            status.update(f'{finding.name} done')
            table.add_row(finding.name, MARKS[finding.state], escape(finding.detail))
            findings.append(finding)
    console.print(table)
    for finding in findings:
        if finding.remedy:
            # One line each, however narrow the terminal, so that commands can be copied.
            console.print(f'{finding.name}: {finding.remedy}', soft_wrap=True, markup=False)
    faults = [finding.name for finding in findings if finding.state == 'fault']
    if faults:
        console.print(f'[red]not ready: {", ".join(faults)}')
        raise typer.Exit(1)
    console.print('[green]ready')
