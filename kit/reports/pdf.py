"""A page as PDF, printed by a browser of the Chromium family where one is there.

The browser gets a profile of its own that is thrown away, and no reason to speak to anybody.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from kit.base.errors import KitError

BROWSER_VARIABLE = "BOATHOUSE_BROWSER"
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
TIMEOUT_SECONDS = 120
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)


def find_browser() -> str | None:
    """The browser named by `$BOATHOUSE_BROWSER`, else the first known one that is installed."""
    named = os.environ.get(BROWSER_VARIABLE)
    return shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)


def require_browser() -> str:
    """Raises `BROWSER_NOT_FOUND`."""
    browser = find_browser()
    if browser is None:
        raise KitError(
            "BROWSER_NOT_FOUND",
            "A PDF is printed by Chromium or Chrome, and neither was found.",
            f"Install one, or name it in ${BROWSER_VARIABLE}; the HTML page prints from any browser.",
        )
    return browser


def write_pdf(html: Path, pdf: Path, browser: str) -> None:
    """Print the page. Raises `PDF_FAILED` with what the browser said."""
    # A browser refuses its sandbox to the superuser, as in a container.
    root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    with tempfile.TemporaryDirectory(prefix="boathouse-browser-") as profile:
        command = [
            browser, *_FLAGS, *root, f"--user-data-dir={profile}", f"--print-to-pdf={pdf.resolve()}",
            html.resolve().as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)  # noqa: S603
        except subprocess.TimeoutExpired as error:
            raise KitError(
                "PDF_FAILED", f"The browser did not print '{html.name}' in {TIMEOUT_SECONDS} seconds."
            ) from error
    if done.returncode != 0 or not pdf.is_file():
        said = done.stderr.strip().splitlines()
        raise KitError("PDF_FAILED", f"The browser did not print '{html.name}': {said[-1] if said else 'no word'}.")
