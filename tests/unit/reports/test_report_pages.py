"""Pages that need nothing but themselves, whatever the notebook's outputs hold."""

import base64
import re
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kit.reports.page import POLICY, page_of

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><clipPath id="clip0"/></svg>'


def notebook(*cells: Any) -> Any:
    made = new_notebook(cells=list(cells))
    nbformat.validate(made)
    return made


def shown(source: str = "1", tags: tuple[str, ...] = (), **data: Any) -> Any:
    output = new_output(
        "display_data", data={name.replace("_", "/", 1).replace("_", "+"): v for name, v in data.items()}
    )
    return new_code_cell(source, outputs=[output], metadata={"tags": list(tags)})


def test_a_page_has_a_title_and_no_code() -> None:
    html = page_of(
        notebook(new_markdown_cell("# Flights & delays\ntext"), shown("secret_code()", text_plain="42")), "n"
    )
    assert "<title>Flights &amp; delays</title>" in html
    assert "42" in html
    assert "secret_code" not in html


def test_a_page_forbids_every_request_and_every_script() -> None:
    html = page_of(notebook(shown(text_html='<script>fetch("https://example.org")</script><b>x</b>')), "n")
    assert f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">' in html
    assert "default-src 'none'" in POLICY
    assert "script-src" not in POLICY
    assert html.index("Content-Security-Policy") < html.index("<style>") < html.index("<b>x</b>")


def test_nothing_of_the_page_itself_comes_from_elsewhere() -> None:
    html = page_of(notebook(new_markdown_cell("# T\n$a^2$"), shown(text_plain="x")), "n")
    assert re.findall(r"""(?:src|href)=["'](?!#)[^"']*""", html) == []
    assert "<script" not in html
    assert "url(" not in html
    assert "@import" not in html


def test_charts_are_pictures_whose_identifiers_cannot_clash() -> None:
    chart = {"image_svg_xml": SVG, "text_plain": "Chart 'Delays': bar"}
    html = page_of(notebook(shown(**chart), shown(**chart)), "n")
    encoded = base64.b64encode(SVG.encode()).decode()
    assert html.count(f'src="data:image/svg+xml;base64,{encoded}"') == 2
    assert html.count("""alt="Chart 'Delays': bar" class="chart\"""") == 2
    assert "clipPath" not in html


def test_of_a_widget_its_fallback_is_shown() -> None:
    bundle = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/html": "<i>still</i>"}
    cell = new_code_cell("w", outputs=[new_output("display_data", data=bundle)])
    html = page_of(notebook(cell), "n")
    assert "<i>still</i>" in html
    assert "model_id" not in html


def test_tagged_cells_are_left_out() -> None:
    html = page_of(
        notebook(
            shown(tags=("parameters",), text_plain="first"),
            shown(tags=("injected-parameters",), text_plain="second"),
            shown(tags=("remove-cell",), text_plain="third"),
            shown(text_plain="fourth"),
        ),
        "n",
    )
    assert [word for word in ("first", "second", "third", "fourth") if word in html] == ["fourth"]


def test_a_notebook_without_a_title_goes_by_its_name() -> None:
    assert "<title>daily</title>" in page_of(notebook(new_markdown_cell("text")), "daily")
