"""An agent killed with SIGKILL while files are written and rotated under it: every line arrives at least once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import kit
from kit.base.ids import Entropy

WORKER = Path(__file__).with_name("agent_worker.py")
ROOT = Path(__file__).parents[2]


def write(log: Path, number: int, count: int) -> int:
    """Append numbered lines; the next number."""
    with log.open("a") as opened:
        opened.writelines(f"line {each}\n" for each in range(number, number + count))
    return number + count


def rotate(log: Path, turn: int, *, by_copy: bool) -> None:
    """Rename the file, or copy and truncate it."""
    kept = log.with_name(f"app.log.{turn}")
    if by_copy:
        shutil.copy(log, kept)
        os.truncate(log, 0)
    else:
        log.rename(kept)


def test_every_line_arrives_through_kills_and_rotations(tmp_path: Path, soak: bool) -> None:
    chance = Entropy(4)
    lab, log = tmp_path / "lab", tmp_path / "app.log"
    with kit.open(lab) as workspace:
        workspace.streams.create("lines", 1).limits(enforced=False)
    number = 0

    for turn in range(100 if soak else 4):
        number = write(log, number, 1 + chance.below(400))
        process = subprocess.Popen(
            [sys.executable, WORKER, lab, f"{tmp_path}/app.log*"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        process.stdout.readline()
        for step in range(chance.below(4)):
            number = write(log, number, 50)
            if step == 1:
                rotate(log, turn, by_copy=False)
        for _ in range(chance.below(400_000)):
            pass
        process.kill()
        process.communicate()
        if turn % 2:
            # Nobody looks: the copy and the truncation are found together.
            rotate(log, 1_000 + turn, by_copy=True)

    with kit.open(lab) as workspace:
        agent = workspace.delivery.agent(
            filePattern=f"{tmp_path}/app.log*",
            kinesisStream="lines",
            initialPosition="START_OF_FILE",
            background=False,
        )
        while agent.step():
            pass
        agent.step()
        arrived = {record.data.decode() for record in workspace.streams["lines"]}
    assert arrived == {f"line {each}\n" for each in range(number)}
