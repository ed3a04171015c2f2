"""The magics in a real kernel, as JupyterLab drives it: outputs, errors, completion, Ctrl-C."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).parents[3]
SECONDS = 60

Message = tuple[str, dict[str, Any]]

# A million million rows: hours of work, in a kernel that is told to stop after a moment.
LONG = """SELECT count(*)
FROM UNNEST(sequence(1, 9999)) AS a (x)
CROSS JOIN UNNEST(sequence(1, 9999)) AS b (y)
CROSS JOIN UNNEST(sequence(1, 9999)) AS c (z)
WHERE (x * y + z) % 7 = 3"""


class Kernel:
    """A kernel and the one thing that is done with it: run a cell, see what it sent."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager = manager
        self.client = client

    def run(self, cell: str) -> list[Message]:
        """The messages of a cell that a notebook would show, kind and content."""
        return list(self._messages(self.client.execute(cell)))

    def run_and_interrupt(self, cell: str) -> list[Message]:
        """Run a cell, interrupt it once it has shown something, and wait for its end."""
        sent: list[Message] = []
        for message in self._messages(self.client.execute(cell)):
            if not sent:
                self.manager.interrupt_kernel()
            sent.append(message)
        return sent

    def _messages(self, message_id: str) -> Iterator[Message]:
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != message_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return
            if kind not in ("status", "execute_input"):
                yield kind, content

    def complete(self, cell: str, cursor: int) -> dict[str, Any]:
        message_id = self.client.complete(cell, cursor)
        while True:
            reply = self.client.get_shell_msg(timeout=SECONDS)
            if reply["parent_header"].get("msg_id") == message_id:
                return reply["content"]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("kernel")
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(
        cwd=str(folder),
        env={
            "PATH": str(Path(sys.executable).parent),
            "PYTHONPATH": str(ROOT),
            "IPYTHONDIR": str(folder),
            "BOATHOUSE_HOME": str(folder / "ws"),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        },
    )
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=SECONDS)
    kernel = Kernel(manager, client)
    assert kernel.run("%load_ext magics") == []
    yield kernel
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_an_answer_is_the_cells_result_in_text_and_html(kernel: Kernel) -> None:
    kind, content = kernel.run("%%athena\nSELECT 1 AS one, 'x' AS letter")[-1]

    assert kind == "execute_result"
    assert content["data"]["text/plain"].splitlines()[:3] == ["one  letter", "---  ------", "  1  x"]
    assert "<table" in content["data"]["text/html"]


def test_an_error_is_an_error_message_with_a_short_text(kernel: Kernel) -> None:
    kind, content = kernel.run("%%athena\nSELECT 1,\n  nothing")[-1]

    assert kind == "error"
    assert content["ename"] == "KitError"
    assert len(content["traceback"]) <= 4
    assert content["traceback"][1:3] == ["line 2:   nothing", "          ^"]


def test_a_wrong_option_is_an_error_message_too(kernel: Kernel) -> None:
    ((kind, content),) = kernel.run("%%athena --limt 3\nSELECT 1")

    assert kind == "error"
    assert content["traceback"][0].startswith("UNKNOWN_OPTION")


def test_ctrl_c_stops_the_query_and_leaves_the_kernel_usable(kernel: Kernel) -> None:
    sent = kernel.run_and_interrupt(f"%%athena\n{LONG}")

    errors = [content for kind, content in sent if kind == "error"]
    assert [error["ename"] for error in errors] == ["Interrupted"]
    assert errors[0]["traceback"] == ["Interrupted: the work was stopped; the kernel is ready for the next cell."]
    kind, content = kernel.run("%athena SELECT 42 AS answer")[-1]
    assert kind == "execute_result"
    assert "42" in content["data"]["text/plain"]


def test_progress_is_one_display_that_is_cleared(kernel: Kernel) -> None:
    kinds = [kind for kind, _ in kernel.run_and_interrupt(f"%%athena\n{LONG}")]

    assert kinds[0] == "display_data"
    assert set(kinds[1:-2]) <= {"update_display_data"}
    assert kinds[-2:] == ["clear_output", "error"]


def test_tab_completes_inside_a_whole_cell(kernel: Kernel) -> None:
    kernel.run("ws = %kit open ws")
    kernel.run("ws.storage.put('s3://lake/birds/a.csv', 'name,weight\\nwren,10\\n')")
    kernel.run("report = ws.catalog.crawl('s3://lake/birds/', database='marsh')")
    cell = "%%athena -d marsh\nSELECT *\nFROM bi\nLIMIT 3"
    cursor = cell.index("bi\n") + 2

    found = kernel.complete(cell, cursor)

    assert "birds" in found["matches"]
    assert cell[found["cursor_start"] : found["cursor_end"]] == "bi"


def test_a_chart_is_sent_with_its_picture(kernel: Kernel) -> None:
    kernel.run("import altair as alt")

    ((kind, content),) = kernel.run("alt.Chart({'values': [{'a': 1}]}).mark_bar().encode(x='a:Q')")

    assert kind == "execute_result"
    assert set(content["data"]) == {"application/vnd.vegalite.v5+json", "image/svg+xml", "text/plain"}
