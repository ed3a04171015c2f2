// The picture and the controls of a live chart. What is shown is decided in Python: this draws it and passes wishes on.
//
// Messages to Python: {do: ready | drawn | pause | resume | follow | pin | window}. From it: {kind: picture | status}.
// Python hears nothing while a cell runs, so nothing here waits for an answer: Vega comes with the state, pictures come
// of themselves, and a pause holds at once. Only the newest picture is drawn; it replaces those that wait.

const VEGA = Symbol.for("boathouse.vega");
const DATASET = "window";
const LAYOUT_MS = 1000;

/** Vega, once a page, out of the state of a model that all charts share. */
async function loadVega(model) {
  if (globalThis[VEGA]) return globalThis[VEGA];
  const script = await model.widget_manager.get_model(model.get("script"));
  if (!script.get("text").byteLength) await new Promise((resolve) => script.once("change:text", resolve));
  const address = URL.createObjectURL(new Blob([script.get("text")], { type: "text/javascript" }));
  try {
    globalThis[VEGA] ??= (await import(/* webpackIgnore: true */ address)).vegaEmbed;
  } finally {
    URL.revokeObjectURL(address);
  }
  return globalThis[VEGA];
}

/** Rows for Vega out of one buffer a column. */
function rowsOf(columns, buffers) {
  const values = columns.map((column, place) => {
    const view = buffers[place];
    // A view into a message need not begin where numbers may.
    const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
    return column.kind === "text" ? new Int32Array(bytes) : new Float64Array(bytes);
  });
  const count = values.length ? values[0].length : 0;
  const rows = new Array(count);
  for (let index = 0; index < count; index++) {
    const row = {};
    for (let place = 0; place < columns.length; place++) {
      const column = columns[place];
      const value = values[place][index];
      row[column.name] = column.kind === "text" ? column.values[value] : Number.isNaN(value) ? null : value;
    }
    rows[index] = row;
  }
  return rows;
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function isDark() {
  const told = document.body.dataset.jpThemeLight;
  return told === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : told === "false";
}

function compact(number) {
  return Math.abs(number) < 9.95 && number !== 0 ? number.toFixed(1) : Math.round(number).toLocaleString("en-US");
}

function duration(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : ms < 120000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60000)} min`;
}

function buildControls(model) {
  const pause = element("button", { type: "button", "aria-pressed": "false" }, "Pause");
  const follow = element("button", { type: "button", "aria-pressed": "true" }, "Follow");
  const earlier = element("button", { type: "button", "aria-label": "Earlier by half a window" }, "◀");
  const later = element("button", { type: "button", "aria-label": "Later by half a window" }, "▶");
  const length = element("select", { "aria-label": "Length of the window" });
  model.get("windows").forEach((offered, place) => length.append(element("option", { value: place }, offered.name)));
  const figures = element("span", { class: "figures" });
  const bar = element(
    "div",
    { role: "toolbar", "aria-label": `Controls of ${model.get("label")}` },
    pause,
    follow,
    earlier,
    later,
    length,
    figures,
  );
  follow.onclick = () =>
    model.send(follow.getAttribute("aria-pressed") === "true" ? { do: "pin", shift: 0 } : { do: "follow" });
  earlier.onclick = () => model.send({ do: "pin", shift: -0.5 });
  later.onclick = () => model.send({ do: "pin", shift: 0.5 });
  length.onchange = () => model.send({ do: "window", ms: model.get("windows")[Number(length.value)].ms });
  return { bar, pause, follow, earlier, later, length, figures };
}

function render({ model, el, signal }) {
  const controls = buildControls(model);
  const picture = element("div", { class: "picture" });
  const parts = element("ul", { class: "parts", "aria-label": "Records a second of each shard" });
  const problem = element("div", { class: "problem", role: "alert", hidden: "" });
  const note = element("div", { class: "problem note", role: "status", hidden: "" });
  // Without the attribute, JupyterLab would take keys that are meant for the controls.
  const root = element("div", { class: "boathouse-chart", "data-lm-suppress-shortcuts": "true" });
  root.append(controls.bar, problem, note, picture, parts);
  el.append(root);

  let embedded = null;
  let waiting = null;
  let drawing = false;
  let drawn = Promise.resolve();
  let embedding = Promise.resolve();
  let newest = null;
  let figures = { state: "loading" };
  let swatches = "";
  let held = false;
  let width = 0;
  let laidOut = 0;

  controls.pause.onclick = () => {
    const resumes = controls.pause.getAttribute("aria-pressed") === "true";
    held = !resumes;
    model.send({ do: resumes ? "resume" : "pause" });
    showFigures({ ...figures, state: resumes ? "live" : "paused" });
  };

  function fail(message) {
    problem.textContent = message;
    problem.hidden = false;
  }

  function showFigures(about) {
    figures = about;
    const live = about.state === "live" || about.state === "paused" || about.state === "loading";
    controls.pause.setAttribute("aria-pressed", String(about.state === "paused"));
    controls.pause.textContent = about.state === "paused" ? "Resume" : "Pause";
    controls.follow.setAttribute("aria-pressed", String(about.following));
    for (const control of [controls.pause, controls.follow, controls.earlier, controls.later, controls.length]) {
      control.disabled = !live;
    }
    const chosen = model.get("windows").findIndex((offered) => offered.ms === about.window_ms);
    if (chosen >= 0 && document.activeElement !== controls.length) controls.length.value = String(chosen);
    const marks = newest ? `, ${newest.marks.toLocaleString("en-US")} marks of ${newest.read.toLocaleString("en-US")} records` : "";
    controls.figures.textContent =
      about.state === "live" || about.state === "paused"
        ? `${about.state === "paused" ? "paused, " : ""}${compact(about.rate)} records/s, ${duration(about.behind_ms)} behind the tip${marks}`
        : about.state;
    root.dataset.state = about.state;
    if (about.error) fail(about.error);
    note.hidden = !about.left_out;
    if (about.left_out) {
      const records = about.left_out === 1 ? "1 record" : `${about.left_out.toLocaleString("en-US")} records`;
      note.textContent = `${records} left out: ${about.reason}`;
    }
    showParts(about.parts ?? []);
  }

  function showParts(rates) {
    const palette = model.get("palette");
    const order = newest?.columns.find((column) => column.name === "shard_id")?.values ?? rates.map(([name]) => name);
    const key = JSON.stringify(rates.map(([name]) => name));
    if (key !== swatches) {
      swatches = key;
      parts.replaceChildren(
        ...rates.map(([name]) => {
          const place = Math.max(order.indexOf(name), 0);
          const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
          if (model.get("color") === "shard_id") swatch.style.background = palette[place % palette.length];
          return element("li", { title: name }, swatch, element("span"));
        }),
      );
    }
    rates.forEach(([name, rate], place) => {
      parts.children[place].lastChild.textContent = `${name.replace(/^shardId-0*(?=\d)/, "shard ")}: ${compact(rate)}/s`;
    });
  }

  /** Colours must not move when a value comes or goes, so the domain of the scale is Python's list. */
  function withFixedColors(vega) {
    const scale = vega.scales?.find((each) => each.name === "color" && each.type === "ordinal");
    if (scale) {
      scale.domain = { signal: "color_domain" };
      vega.signals = [...(vega.signals ?? []), { name: "color_domain", value: [] }];
    }
    return vega;
  }

  /** Embeds anew where the page's theme is another; one after the other, and never beneath a drawing. */
  function embed() {
    embedding = embedding.catch(() => {}).then(async () => {
      const vegaEmbed = await loadVega(model);
      const theme = isDark() ? "dark" : "light";
      if (signal.aborted || (embedded && root.dataset.theme === theme)) return;
      const old = embedded;
      embedded = null;
      await drawn;
      old?.finalize();
      // A page that changes its theme, or a tab that nobody sees, has no width for a while.
      while (!picture.clientWidth && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 50));
      width = picture.clientWidth;
      embedded = await vegaEmbed(picture, structuredClone(model.get("spec")), {
        mode: "vega-lite",
        renderer: "canvas",
        config: model.get("configs")[theme],
        actions: false,
        patch: withFixedColors,
      });
      root.dataset.theme = theme;
      picture.vegaView = embedded.view; // for whoever wants to ask the picture what it shows
      laidOut = 0; // the first picture of a new view has to find its room
      fit(); // the page may have been laid out meanwhile
      waiting ??= newest;
      draw();
    });
    return embedding;
  }

  /** Vega itself only looks at its container when the whole page changes its size. */
  function fit() {
    const now = picture.clientWidth;
    if (!embedded || !now || now === width) return;
    width = now;
    embedded.view.width(now).resize().runAsync();
  }

  function setSignal(view, name, value) {
    try {
      view.signal(name, value);
    } catch {
      // The specification has no such signal: its x axis is no time, or it has no colours.
    }
  }

  function draw() {
    if (drawing || !embedded || !waiting || signal.aborted) return;
    const shown = waiting;
    waiting = null;
    drawing = true;
    drawn = paint(embedded.view, shown)
      .catch((error) => signal.aborted || fail(`The chart could not be drawn: ${error}`))
      .then(() => {
        drawing = false;
        draw();
      });
  }

  async function paint(view, shown) {
    setSignal(view, "window_begin", shown.begin);
    setSignal(view, "window_end", shown.end);
    setSignal(view, "color_domain", shown.columns.find((each) => each.name === model.get("color"))?.values ?? []);
    view.data(DATASET, rowsOf(shown.columns, shown.buffers));
    // Labels of an axis may have become wider; to make room for them at every picture would double its cost.
    if (performance.now() - laidOut > LAYOUT_MS) {
      laidOut = performance.now();
      view.resize();
    }
    await view.runAsync();
    await new Promise((resolve) => (document.hidden ? setTimeout(resolve, 200) : requestAnimationFrame(resolve)));
    model.send({ do: "drawn", sequence: shown.sequence });
    root.dataset.drawn = String(shown.sequence);
    root.dispatchEvent(new CustomEvent("boathouse-drawn", { bubbles: true, detail: { ...shown, buffers: undefined } }));
  }

  const heard = (content, buffers) => {
    // A pause that Python has not heard of yet: it does once no cell runs.
    if (content.state === "paused") held = false;
    if (content.kind === "picture" && !held) {
      waiting = newest = { ...content, buffers };
      draw();
    }
    showFigures(held ? { ...content, state: "paused" } : content);
  };
  model.on("msg:custom", heard);

  const begin = () => embed().catch((error) => fail(`The chart could not be drawn: ${error}`));
  const themed = new MutationObserver(begin);
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  const resized = new ResizeObserver(fit);
  resized.observe(picture);

  begin().then(() => model.send({ do: "ready" }));

  return () => {
    model.off("msg:custom", heard);
    themed.disconnect();
    resized.disconnect();
    embedded?.finalize();
  };
}

export default { render };
