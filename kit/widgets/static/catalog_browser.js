// The tree of the catalog and what is known of its places. Everything shown is asked of Python and put in as text.
//
// Keys are those of the ARIA tree pattern: arrows move and unfold, Home and End go to the ends, Enter shows details,
// letters find. One item can be reached by Tab: the one that was last in use.

const SEARCH_MS = 150;
const PATIENCE_MS = 1500;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const keyOf = (path) => JSON.stringify(path);

/** Questions to Python, each answered by number. */
function asker(model, signal) {
  const waiting = new Map();
  let last = 0;
  const heard = (content) => {
    if (content.kind !== "answer" || !waiting.has(content.number)) return;
    const { resolve, reject } = waiting.get(content.number);
    waiting.delete(content.number);
    if (content.error === undefined) resolve(content.value);
    else reject(new Error(content.error));
  };
  model.on("msg:custom", heard);
  signal.addEventListener("abort", () => model.off("msg:custom", heard));
  // Views of one model hear each other's answers, so numbers must not be shared.
  const view = Math.random().toString(36).slice(2);
  return (ask, given) =>
    new Promise((resolve, reject) => {
      const number = `${view}-${++last}`;
      waiting.set(number, { resolve, reject });
      model.send({ number, ask, ...given });
    });
}

/** A new cell below the one that shows this, with a text in it; false where the page is no notebook of JupyterLab's. */
async function newCell(from, text) {
  const notebook = from.closest(".jp-Notebook");
  const cell = from.closest(".jp-Cell");
  if (!notebook || !cell) return false;
  const before = notebook.querySelectorAll(".jp-Cell").length;
  cell.focus();
  const press = new KeyboardEvent("keydown", { key: "b", code: "KeyB", bubbles: true, cancelable: true });
  // JupyterLab reads the number of the key, which a made event cannot be given otherwise.
  Object.defineProperty(press, "keyCode", { value: 66 });
  cell.dispatchEvent(press);
  for (let tries = 0; tries < 40; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    const content = notebook.querySelector(".jp-Cell.jp-mod-active .cm-content");
    const editor = content?.cmTile?.view ?? content?.cmView?.view;
    if (notebook.querySelectorAll(".jp-Cell").length > before && editor && !editor.state.doc.length) {
      editor.dispatch({ changes: { from: 0, insert: text } });
      editor.focus();
      return true;
    }
  }
  return false;
}

function render({ model, el, signal }) {
  const ask = asker(model, signal);
  const search = element("input", { type: "search", placeholder: "Search tables, columns, streams", "aria-label": "Search the catalog" });
  const tree = element("ul", { role: "tree", "aria-label": "Catalog" });
  const details = element("section", { class: "details", "aria-label": "Details", "aria-live": "polite" });
  const root = element("div", { class: "boathouse-browser", "data-lm-suppress-shortcuts": "true" });
  root.append(search, element("div", { class: "tree" }, tree), details);
  el.append(root);

  let unfolded = new Map(); // by path: how many children are shown
  let selected = null;
  let round = 0;

  function item(node, level) {
    const line = element("div", { class: "line" });
    line.append(
      element("span", { class: "twist", "aria-hidden": "true" }, node.unfolds ? "›" : ""),
      element("span", {}, node.label),
      element("small", {}, node.detail),
    );
    const made = element("li", { role: "treeitem", tabindex: "-1", "aria-level": level, "data-kind": node.kind }, line);
    if (node.unfolds) made.setAttribute("aria-expanded", "false");
    made.setAttribute("aria-selected", "false");
    made.node = node;
    line.onclick = () => {
      focus(made);
      if (node.more) showMore(made);
      else {
        select(made);
        if (node.unfolds) toggle(made);
      }
    };
    return made;
  }

  function fill(list, page, level, offset, parent) {
    page.nodes.forEach((node, place) => {
      const made = item(node, level);
      made.setAttribute("aria-setsize", page.total);
      made.setAttribute("aria-posinset", offset + place + 1);
      list.append(made);
    });
    const shown = offset + page.nodes.length;
    if (shown < page.total && page.nodes.length) {
      const rest = (page.total - shown).toLocaleString("en-US");
      const more = item({ label: `Show more (${rest} left)`, detail: "", kind: "more", more: true, offset: shown, parent }, level);
      list.append(more);
    }
  }

  async function unfold(at) {
    if (at.getAttribute("aria-expanded") !== "false") return;
    at.setAttribute("aria-expanded", "true");
    const list = element("ul", { role: "group" });
    at.append(list);
    unfolded.set(keyOf(at.node.path), 0);
    await load(at, list, 0);
  }

  async function load(at, list, offset) {
    const level = Number(at.getAttribute("aria-level")) + 1;
    at.setAttribute("aria-busy", "true");
    try {
      const page = await ask("children", { path: at.node.path, offset });
      if (at.getAttribute("aria-expanded") !== "true") return;
      fill(list, page, level, offset, at.node.path);
      indent(list, level);
      unfolded.set(keyOf(at.node.path), offset + page.nodes.length);
    } catch (error) {
      problem(error.message);
    } finally {
      at.removeAttribute("aria-busy");
    }
  }

  function indent(list, level) {
    for (const line of list.querySelectorAll(":scope > li > .line")) line.style.paddingLeft = `${6 + (level - 1) * 14}px`;
  }

  async function showMore(at) {
    const list = at.parentElement;
    const above = list.closest("[role=treeitem]");
    const place = [...list.children].indexOf(at);
    at.remove();
    await load(above, list, at.node.offset);
    if (list.children[place]) focus(list.children[place]);
  }

  function fold(at) {
    if (at.getAttribute("aria-expanded") !== "true") return;
    at.setAttribute("aria-expanded", "false");
    at.querySelector(":scope > ul")?.remove();
    unfolded.delete(keyOf(at.node.path));
  }

  const toggle = (at) => (at.getAttribute("aria-expanded") === "true" ? fold(at) : unfold(at));
  const items = () => [...tree.querySelectorAll("[role=treeitem]")];

  function reachable(at) {
    for (const each of items()) each.setAttribute("tabindex", each === at ? "0" : "-1");
  }

  function focus(at) {
    reachable(at);
    at.focus({ preventScroll: true });
    at.firstChild.scrollIntoView({ block: "nearest" });
  }

  tree.onkeydown = (event) => {
    const at = event.target.closest("[role=treeitem]");
    if (!at || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = items();
    const place = all.indexOf(at);
    const expanded = at.getAttribute("aria-expanded");
    const above = at.parentElement.closest("[role=treeitem]");
    const acts = {
      ArrowDown: () => all[place + 1] && focus(all[place + 1]),
      ArrowUp: () => all[place - 1] && focus(all[place - 1]),
      ArrowRight: () => (expanded === "false" ? unfold(at) : expanded === "true" && all[place + 1] && focus(all[place + 1])),
      ArrowLeft: () => (expanded === "true" ? fold(at) : above && focus(above)),
      Home: () => focus(all[0]),
      End: () => focus(all.at(-1)),
      Enter: () => (at.node.more ? showMore(at) : select(at)),
      " ": () => (at.node.more ? showMore(at) : select(at)),
    };
    let act = acts[event.key];
    if (!act && event.key.length === 1 && /\S/.test(event.key)) {
      const letter = event.key.toLowerCase();
      const next = [...all.slice(place + 1), ...all.slice(0, place)].find((each) => each.node.label.toLowerCase().startsWith(letter));
      act = () => next && focus(next);
    }
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };

  function problem(message) {
    details.replaceChildren(element("div", { class: "problem", role: "alert" }, message));
  }

  function gridOf(grid) {
    const made = element("table", {}, element("caption", {}, grid.caption));
    made.append(element("thead", {}, element("tr", {}, ...grid.columns.map((name) => element("th", { scope: "col" }, name)))));
    made.append(element("tbody", {}, ...grid.rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell))))));
    return made;
  }

  function factsOf(facts) {
    const list = element("dl");
    for (const [name, value] of facts) list.append(element("dt", {}, name), element("dd", {}, value));
    return list;
  }

  function profileOf(profile) {
    const most = Math.max(1, ...profile.bars.map((bar) => bar.count));
    const table = element("table", {}, element("caption", {}, profile.caption));
    for (const bar of profile.bars) {
      const drawn = element("span", { class: "bar", "aria-hidden": "true" });
      drawn.style.width = `${(120 * bar.count) / most}px`;
      const cells = [element("th", { scope: "row" }, bar.label), element("td", {}, drawn), element("td", {}, bar.count.toLocaleString("en-US"))];
      table.append(element("tr", {}, ...cells));
    }
    return element("div", { class: "profile" }, factsOf(profile.facts), table);
  }

  function button(label, act) {
    const made = element("button", { type: "button" }, label);
    made.onclick = act;
    return made;
  }

  /** Ask, and put the answer where there is place for it, unless something else was chosen meanwhile. */
  async function into(place, question, given, shown) {
    const mine = round;
    const patience = setTimeout(() => place.replaceChildren("Waiting for the kernel…"), PATIENCE_MS);
    try {
      const answer = await ask(question, given);
      if (mine === round) place.replaceChildren(shown(answer));
    } catch (error) {
      if (mine === round) place.replaceChildren(element("div", { class: "problem", role: "alert" }, error.message));
    } finally {
      clearTimeout(patience);
    }
  }

  async function select(at) {
    selected = keyOf(at.node.path);
    for (const each of items()) each.setAttribute("aria-selected", String(each === at));
    await show(at.node);
  }

  async function show(node) {
    round += 1;
    await into(details, "details", { path: node.path }, (about) => {
      const found = document.createDocumentFragment();
      found.append(element("h3", {}, about.title), factsOf(about.facts));
      const below = element("div");
      if (about.select) {
        found.append(
          button("Preview", () => into(below, "preview", { path: node.path }, gridOf)),
          button("SELECT into a new cell", async (event) => {
            if (await newCell(root, about.select)) return;
            await navigator.clipboard.writeText(about.select);
            event.target.textContent = "Copied: paste it into a cell";
          }),
        );
      }
      if (about.profiles) found.append(button("Profile", () => into(below, "profile", { path: node.path }, profileOf)));
      found.append(...about.lines.map((line) => element("pre", {}, line)), ...about.grids.map(gridOf), below);
      return found;
    });
  }

  /** The roots as Python gave them first, or the answer to a search; what was unfolded is unfolded again. */
  async function showPage(page, again) {
    const focused = root.contains(document.activeElement) ? document.activeElement.node?.path : undefined;
    tree.replaceChildren();
    unfolded = new Map();
    fill(tree, page, 1, 0, []);
    indent(tree, 1);
    for (const path of again) {
      const at = items().find((each) => each.node.path && keyOf(each.node.path) === path);
      if (at) await unfold(at);
    }
    for (const each of items()) {
      if (each.node.path && keyOf(each.node.path) === selected) each.setAttribute("aria-selected", "true");
    }
    const back = focused && items().find((each) => each.node.path && keyOf(each.node.path) === keyOf(focused));
    if (back) focus(back);
    else if (tree.firstChild) reachable(tree.firstChild);
  }

  async function refresh() {
    const text = search.value.trim();
    const again = [...unfolded.keys()];
    try {
      if (text) {
        const nodes = await ask("search", { text });
        if (search.value.trim() === text) await showPage({ nodes, total: nodes.length }, again);
      } else {
        const page = await ask("children", { path: [], offset: 0 });
        if (!search.value.trim()) await showPage(page, again);
      }
      root.dataset.shown = text;
    } catch (error) {
      problem(error.message);
    }
  }

  let typing = 0;
  search.oninput = () => {
    clearTimeout(typing);
    typing = setTimeout(refresh, SEARCH_MS);
  };
  search.onkeydown = (event) => {
    if (event.key === "ArrowDown" && tree.firstChild) {
      event.preventDefault();
      focus(tree.firstChild);
    }
  };

  const heard = (content) => {
    if (content.kind === "changed") refresh();
    if (content.kind === "failed") problem(content.error);
  };
  model.on("msg:custom", heard);
  showPage(model.get("roots"), []).then(() => {
    root.dataset.shown = "";
  });
  return () => {
    clearTimeout(typing);
    model.off("msg:custom", heard);
  };
}

export default { render };
