"""Progress: seldom drawn, drawn in one place, gone at the end."""

import io
import sys
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from kit.base.progress import Silent
from magics import progress
from magics.progress import bar_text, shown


class Publisher:
    """Keeps what a notebook would be sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def publish(self, data: dict[str, str], *, transient: dict[str, str], update: bool) -> None:
        self.sent.append(("update" if update else "display", (transient["display_id"], data["text/plain"])))

    def clear_output(self, wait: bool) -> None:
        self.sent.append(("clear", wait))


class KernelShell:
    """A shell as the progress bar sees a kernel's."""

    kernel = object()
    execution_count = 7

    def __init__(self) -> None:
        self.display_pub = Publisher()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is worth drawing."""
    monkeypatch.setattr(progress, "FIRST_SHOWN_MS", 0.0)
    monkeypatch.setattr(progress, "REDRAWN_MS", 0.0)


@pytest.mark.parametrize(
    "cell", ["%%athena\nSELECT 1", "\n%%athena\nSELECT 1", "%athena SELECT 1", "x = %athena SELECT 1\n"]
)
def test_a_notebook_has_one_bar_that_is_cleared(at_once: None, cell: str) -> None:
    kernel: Any = KernelShell()

    with shown(kernel, cell) as bar:
        bar.update(0.25, "reading")
        bar.update(0.5, "reading")

    kinds = [kind for kind, _ in kernel.display_pub.sent]
    assert kinds == ["display", "update", "clear"]
    (first_id, first_text), (second_id, _) = (sent for kind, sent in kernel.display_pub.sent if kind != "clear")
    assert first_id == second_id == "boathouse-progress-7"
    assert first_text.startswith("[#######-----------------------] 25% · reading · ")


def test_the_bar_is_cleared_when_the_work_fails(at_once: None) -> None:
    kernel: Any = KernelShell()

    def work() -> None:
        with shown(kernel, "%%athena\nSELECT 1") as bar:
            bar.update(None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()

    assert kernel.display_pub.sent[-1] == ("clear", False)


@pytest.mark.parametrize("cell", ["print(1)\n%athena SELECT 1", "for i in x:\n    %athena SELECT 1", ""])
def test_a_cell_that_shows_other_things_has_no_bar_that_would_clear_them(at_once: None, cell: str) -> None:
    kernel: Any = KernelShell()

    with shown(kernel, cell) as bar:
        bar.update(0.5)

    assert isinstance(bar, Silent)
    assert kernel.display_pub.sent == []


def test_quick_work_shows_nothing() -> None:
    kernel: Any = KernelShell()

    with shown(kernel, "%%athena\nSELECT 1") as bar:
        bar.update(0.5)

    assert kernel.display_pub.sent == []


def test_frequent_updates_are_drawn_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "FIRST_SHOWN_MS", 0.0)
    monkeypatch.setattr(progress, "REDRAWN_MS", 1e9)
    kernel: Any = KernelShell()

    with shown(kernel, "%%athena\nSELECT 1") as bar:
        for step in range(1_000):
            bar.update(step / 1_000)

    assert [kind for kind, _ in kernel.display_pub.sent] == ["display", "clear"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_that_is_erased(
    at_once: None, shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    with shown(shell, "print(1)\n%athena SELECT 1") as bar:
        bar.update(0.1, "a long message")
        bar.update(0.9, "short")

    *drawn, blank, after = terminal.getvalue().split("\r")
    assert len(drawn) == 3
    assert len(drawn[2]) >= len(drawn[1])
    assert blank.strip() == ""
    assert len(blank) >= len(drawn[2].rstrip())
    assert after == ""


def test_output_that_goes_to_a_file_shows_nothing(
    at_once: None, shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())

    with shown(shell, "%athena SELECT 1") as bar:
        bar.update(0.5)

    assert isinstance(bar, Silent)


def test_a_bar_stays_within_its_ends() -> None:
    assert bar_text(1.7, "x", 5.0) == f"[{'#' * 30}] 100% · x · 5.0 ms"
    assert bar_text(-1, "", 5.0) == f"[{'-' * 30}] 0% · running · 5.0 ms"
    assert bar_text(None, "waiting", 1500) == "waiting · 1.50 s"
