"""The catalog browser in JupyterLab: walked through by mouse and by keyboard, and it follows what others change."""

from typing import Any

import kit
from kit.catalog.model import Column, SerDe, StorageDescriptor, Table

SETUP = """
import json
import kit
%load_ext magics
ws = %kit open ../workspace
for month in (1, 2):
    lines = "\\n".join(json.dumps({"origin": o, "delay": month * 10 + n}) for n, o in enumerate(("EWR", "JFK", "JFK")))
    ws.storage.put(f"s3://lake/flights/month={month}/part.json", lines.encode())
report = ws.catalog.crawl("s3://lake/flights/", database="nyc")
clicks = ws.streams.create("clicks", shards=2)
clicks.put_record({"page": "/"}, "ada")
sales = ws.warehouse.sql("CREATE TABLE sales (id int, region varchar(9)) DISTKEY(id) SORTKEY(region)")
"""


class Browser:
    """The catalog browser on a page."""

    def __init__(self, document: Any) -> None:
        self.page = document.page
        self.root = document.page.locator(".boathouse-browser")
        self.details = self.root.locator(".details")

    def item(self, label: str) -> Any:
        return self.root.locator("[role=treeitem] > .line", has=self.page.get_by_text(label, exact=True)).first

    def unfold(self, label: str) -> None:
        self.item(label).click()

    def wait_for_title(self, title: str) -> None:
        self.details.locator("h3", has_text=title).wait_for()

    def focused(self) -> str:
        return self.page.evaluate("() => document.activeElement.node?.label ?? document.activeElement.tagName")


def shown(open_notebook: Any) -> tuple[Any, Browser]:
    document = open_notebook([SETUP, "%catalog"])
    document.run(0)
    document.run(1)
    browser = Browser(document)
    browser.root.locator("[role=treeitem]").first.wait_for()
    return document, browser


def test_tables_are_unfolded_previewed_profiled_and_selected(open_notebook: Any, artefacts: Any) -> None:
    document, browser = shown(open_notebook)

    browser.unfold("nyc")
    browser.unfold("flights")
    browser.wait_for_title("nyc.flights")
    facts = browser.details.locator("dl").inner_text()
    browser.details.get_by_role("button", name="Preview").click()
    browser.details.locator("caption", has_text="scanned").wait_for()
    rows = browser.details.locator("table").last.locator("tbody tr").count()
    browser.unfold("columns")
    browser.item("delay").click()
    browser.wait_for_title("nyc.flights.delay")
    browser.details.get_by_role("button", name="Profile").click()
    browser.details.locator(".bar").first.wait_for()
    bars = browser.details.locator(".bar").count()
    document.page.screenshot(path=artefacts / "catalog_browser.png")
    browser.item("flights").click()
    browser.details.get_by_role("button", name="SELECT into a new cell").click()
    document.page.wait_for_function("() => document.querySelectorAll('.jp-Notebook .jp-Cell').length === 3")
    document.page.locator(".jp-Notebook .jp-Cell").nth(2).get_by_text("%%athena").wait_for()
    document.run(2)

    assert "s3://lake/flights/" in facts
    assert "2 objects" in facts
    assert "2 by month" in facts
    assert rows == 6
    assert bars == 12
    assert "6 rows" in document.outputs(2).inner_text()
    assert document.complaints == []
    assert document.elsewhere == []


def test_the_keyboard_alone_reaches_everything(open_notebook: Any) -> None:
    document, browser = shown(open_notebook)
    keys = document.page.keyboard

    browser.root.get_by_role("searchbox", name="Search the catalog").focus()
    keys.press("Tab")
    first = browser.focused()
    keys.press("ArrowRight")
    browser.item("flights").wait_for()
    keys.press("ArrowRight")
    second = browser.focused()
    keys.press("Enter")
    browser.wait_for_title("nyc.flights")
    keys.press("ArrowLeft")
    third = browser.focused()
    keys.press("End")
    fourth = browser.focused()
    keys.press("Home")
    keys.press("s")
    fifth = browser.focused()
    item = browser.root.locator("[role=treeitem][aria-selected=true]")

    assert [first, second, third, fourth, fifth] == ["nyc", "flights", "nyc", "warehouse", "streams"]
    assert item.get_attribute("aria-level") == "2"
    assert item.get_attribute("aria-posinset") == "1"
    assert item.get_attribute("aria-setsize") == "1"
    assert browser.root.get_by_role("tree", name="Catalog").count() == 1
    assert browser.root.locator("[role=treeitem][tabindex='0']").count() == 1
    assert document.page.locator(".jp-Notebook .jp-Cell").count() == 2
    assert document.complaints == []


def test_search_finds_as_one_types_and_what_others_make_appears(open_notebook: Any, lab: Any) -> None:
    document, browser = shown(open_notebook)
    search = browser.root.get_by_role("searchbox", name="Search the catalog")

    search.press_sequentially("fli del")
    browser.item("nyc.flights.delay").wait_for()
    found = browser.root.locator("[role=treeitem]").count()
    search.fill("")
    browser.unfold("nyc")
    browser.item("flights").wait_for()
    with kit.open(lab.folder / document.path.split("/")[0] / "workspace") as other:
        descriptor = StorageDescriptor(
            (Column("a", "int"),), "s3://lake/new/", SerDe("org.openx.data.jsonserde.JsonSerDe")
        )
        other.catalog.create_table(Table("nyc", "from_elsewhere", descriptor))
    browser.item("from_elsewhere").wait_for()

    assert found == 1
    assert browser.item("flights").is_visible()
    assert document.complaints == []
    assert document.elsewhere == []
