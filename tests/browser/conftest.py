"""A real JupyterLab in a real browser: started once, a fresh document and kernel a test, nothing from elsewhere.

The browser is a Chromium on PATH, or the one that $CHROMIUM names. Where there is none these tests are left out, by
name; with BOATHOUSE_BROWSER=required their absence is an error.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 60
PATIENCE_MS = 60_000
QUIET = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


def chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of this folder out where there is no browser, and remember which."""
    if chromium() is not None or os.environ.get("BOATHOUSE_BROWSER") == "required":
        return
    ours = [item for item in items if HERE in item.path.parents]
    config.stash[LEFT_OUT] = [item.nodeid for item in ours]
    config.hook.pytest_deselected(items=ours)
    items[:] = [item for item in items if item not in set(ours)]


LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    left_out = config.stash.get(LEFT_OUT, [])
    if left_out:
        terminalreporter.section("left out: no browser")
        terminalreporter.line("Install Chromium (Debian: apt-get install chromium) or name one in $CHROMIUM to run:")
        for name in left_out:
            terminalreporter.line(f"  {name}")


class Lab:
    """A running JupyterLab and the folder that it serves."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, address: str, token: str) -> None:
        self.process = process
        self.folder = folder
        self.address = address
        self.token = token


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as found:
        yield found


@contextmanager
def running_lab(home: Path, *more: str) -> Iterator[Lab]:
    """JupyterLab with settings of its own, on a port of this machine alone."""
    folder = home / "served"
    for name in ("served", "config/labconfig", "runtime", "data"):
        (home / name).mkdir(parents=True)
    (home / "config/labconfig/page_config.json").write_text(json.dumps(QUIET))
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    options = [
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",
        "--LabApp.expose_app_in_browser=True",
        "--KernelManager.transport=ipc",
        "--ServerApp.log_level=WARN",
        f"--ServerApp.root_dir={folder}",
        *more,
    ]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        server = announced(home, process)
        yield Lab(process, folder, f"http://127.0.0.1:{server['port']}", server["token"])
    finally:
        end(process)


def announced(home: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What the server says of itself once it listens."""
    file = home / "runtime" / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if file.exists() and (text := file.read_text()):
            try:
                found = json.loads(text)
            except ValueError:
                found = {}
            if found.get("port"):
                return found
        time.sleep(0.1)
    raise AssertionError((home / "log").read_text())


def end(process: subprocess.Popen[bytes]) -> None:
    """End the server, which ends its kernels; then whatever of its session has not obeyed."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with running_browser() as found:
        yield found


@contextmanager
def running_browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = chromium()
    assert path is not None, "no Chromium: install one, or name it in $CHROMIUM"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield running
        running.close()


RUN_CELL = """(() => {
    const content = window.jupyterapp.shell.currentWidget.content;
    content.deselectAll();
    content.activeCellIndex = place;
    return window.jupyterapp.commands.execute("notebook:run-cell").then(() => null);
})()"""


class Document:
    """A notebook that is open in JupyterLab, and what the page did meanwhile."""

    def __init__(self, page: Any, lab: Lab, path: str) -> None:
        self.page = page
        self.lab = lab
        self.path = path
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("websocket", lambda socket: self._asked(socket.url))
        page.route("**/*", self._routed)

    def open(self) -> None:
        # A workspace of its own, in which nothing is open yet.
        workspace = self.path.split("/")[0]
        self.page.goto(f"{self.lab.address}/lab/workspaces/{workspace}/tree/{self.path}?token={self.lab.token}")
        self.page.wait_for_selector(".jp-Notebook")
        self.page.wait_for_function("() => window.jupyterapp !== undefined")
        self.wait_until_idle()

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Run a command of JupyterLab and wait until it is done."""
        self.page.evaluate(
            "([name, given]) => window.jupyterapp.commands.execute(name, given)", [name, arguments or {}]
        )

    def run(self, place: int) -> None:
        """Run one cell, and wait until it has been run."""
        self.page.evaluate(f"place => {RUN_CELL}", place)

    def start(self, place: int) -> None:
        """Ask for one cell to be run, without waiting for it."""
        self.page.evaluate(f"place => {{ void ({RUN_CELL}); }}", place)

    def wait_until_idle(self) -> None:
        self.page.wait_for_function(
            """() => window.jupyterapp.shell.currentWidget?.context?.sessionContext.session?.kernel?.status === "idle"
                && !document.querySelector(".jp-InputArea-prompt")?.textContent.includes("*")""",
        )

    def outputs(self, place: int) -> Any:
        """The output area of a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(place).locator(".jp-Cell-outputArea")

    def _said(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _routed(self, route: Any) -> None:
        if self._asked(route.request.url):
            route.continue_()
        else:
            route.abort()

    def _asked(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts.scheme in ("blob", "data") or parts.hostname == "127.0.0.1":
            return True
        self.elsewhere.append(url)
        return False


def opened_document(page: Any, lab: Lab, name: str, cells: list[str] | Path) -> Document:
    """Cells as a new notebook, or a notebook as it is, in a folder that looks like the repository; not open yet."""
    notebook = lab.folder / name / "notebooks" / "notebook.ipynb"
    notebook.parent.mkdir(parents=True)
    (lab.folder / name / "data").symlink_to(ROOT / "data")
    if isinstance(cells, Path):
        notebook.write_bytes(cells.read_bytes())
    else:
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(made, notebook)
    return Document(page, lab, str(notebook.relative_to(lab.folder)))


Open = Callable[..., Document]


@pytest.fixture
def open_notebook(lab: Lab, browser: Any, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open cells as a new notebook, or a notebook as it is, in a folder that looks like the repository."""
    opened: list[Document] = []
    context = browser.new_context(viewport={"width": 1200, "height": 1000})

    def open_(cells: list[str] | Path) -> Document:
        document = opened_document(context.new_page(), lab, re.sub(r"\W+", "-", request.node.name), cells)
        opened.append(document)
        document.open()
        return document

    yield open_
    for document in opened:
        document.page.evaluate("() => window.jupyterapp?.shell.currentWidget?.context?.sessionContext.shutdown()", None)
    context.close()


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Where pictures are kept for people to look at."""
    folder = ROOT / "out" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
