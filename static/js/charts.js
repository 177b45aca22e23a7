// Charts: mounts the figures that `chart.json` describes, when they come into view.
//
// A figure names tokens of the stylesheet instead of colours ("--slot-3", "--slot-3/35" for
// 35 % of it); they are resolved here, so that a change of theme needs no request. Until a
// figure is there, and wherever it cannot be, the server's own drawing stays.
(() => {
  "use strict";
  if (!window.Plotly) return;

  const MAX_REQUESTS = 4;
  const TIMEOUT_MS = 30_000;
  const VIEW_STATE = ["c", "b", "x", "y", "sm"]; // what of the page's address concerns charts
  const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset" };
  const THIN = "\u202f";

  // ---- tokens ---------------------------------------------------------------------------------
  // A probe turns light-dark() into a plain colour; the custom property itself would not.
  const probe = document.createElement("i");
  probe.hidden = true;
  document.body.append(probe);
  let resolved = new Map();

  const colour = (token) => {
    if (!resolved.has(token)) {
      const [name, ink] = token.split("/");
      probe.style.color = ink ? `color-mix(in srgb, var(${name}) ${ink}%, transparent)` : `var(${name})`;
      resolved.set(token, plain(getComputedStyle(probe).color));
    }
    return resolved.get(token);
  };
  // Plotly does not read the form in which browsers give mixed colours.
  const plain = (value) => {
    const parts = value.match(/^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)(?: \/ ([\d.e-]+))?\)$/);
    if (!parts) return value;
    const [r, g, b] = parts.slice(1, 4).map((part) => Math.round(part * 255));
    return `rgba(${r}, ${g}, ${b}, ${parts[4] ?? 1})`;
  };
  const family = () => getComputedStyle(document.documentElement).getPropertyValue("--sans").trim();
  const TOKEN = /^--[a-z0-9-]+(\/\d+)?$/;

  // Only where a colour belongs: a parameter may well be called "--bg".
  const withColours = (node, isColour = false) => {
    if (typeof node === "string") return isColour && TOKEN.test(node) ? colour(node) : node;
    if (Array.isArray(node)) return node.map((part) => withColours(part, isColour));
    if (!node || typeof node !== "object") return node;
    return Object.fromEntries(Object.entries(node).map(([key, part]) => [
      key,
      key === "family" ? family() : withColours(part, /color/i.test(key)),
    ]));
  };

  // ---- numbers --------------------------------------------------------------------------------
  const shown = (value) => {
    if (value === undefined || value === null || Number.isNaN(value)) return "–";
    const size = Math.abs(value);
    if (Number.isInteger(value) && size < 1e6) return grouped(value);
    const text = size < 1e-4 || size >= 1e6 ? value.toExponential(3).replace(/\.?0*e\+?/, "e")
      : size >= 1000 ? value.toFixed(1) : value.toPrecision(4);
    return text.replace("-", "−");
  };
  const grouped = (value) => value.toLocaleString("en").replaceAll(",", THIN).replace("-", "−");

  // ---- requests: a few at once, the rest waits -------------------------------------------------
  let running = 0;
  const waiting = [];
  const pump = () => {
    while (running < MAX_REQUESTS && waiting.length) {
      const job = waiting.shift();
      if (job.signal.aborted) continue;
      running += 1;
      job.start().finally(() => { running -= 1; pump(); });
    }
  };
  const ask = (url, signal) => new Promise((resolve, reject) => {
    const start = async () => {
      try {
        const response = await fetch(url, {
          headers: { Accept: "application/json" },
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        });
        if (!response.ok) throw new Error(`The server answered ${response.status}.`);
        resolve(await response.json());
      } catch (problem) {
        reject(problem);
      }
    };
    waiting.push({ start, signal });
    pump();
  });

  // ---- one chart ------------------------------------------------------------------------------
  class Chart {
    constructor(frame) {
      this.frame = frame;
      this.plot = frame.querySelector(".plot");
      this.legend = frame.querySelector("[data-legend]");
      this.shared = this.legend ? null : document.querySelector("[data-shared-legend]");
      this.at = frame.querySelector("[data-at]") ?? (this.shared && document.querySelector("[data-shared-at]"));
      this.hidden = new Set((new URLSearchParams(location.search).get("hide") ?? "").split(",").filter(Boolean));
      this.focus = null;
      this.range = null;
      this.whole = null; // the answer for the whole range, for when a zoom is left
      this.abort = null;
    }

    get url() {
      const url = new URL(this.frame.dataset.chart, location.href);
      for (const [name, value] of new URLSearchParams(location.search))
        if (VIEW_STATE.includes(name)) url.searchParams.append(name, value);
      if (this.range) {
        url.searchParams.set("x0", this.range[0]);
        url.searchParams.set("x1", this.range[1]);
      }
      return url;
    }

    async load() {
      this.abort?.abort();
      const abort = this.abort = new AbortController();
      try {
        const answer = await ask(this.url, abort.signal);
        if (abort !== this.abort) return;
        if (!this.range) this.whole = answer;
        this.show(answer);
      } catch (problem) {
        if (!abort.signal.aborted) this.fail(problem);
      } finally {
        if (abort === this.abort) this.abort = null;
      }
    }

    leave() { // out of sight before the answer came: ask again when it comes back
      if (!this.abort || this.answer) return false;
      this.abort.abort();
      this.abort = null;
      return true;
    }

    show(answer) {
      this.answer = answer;
      this.frame.querySelector("[data-problem]")?.remove();
      this.tellNotes(answer.notes);
      const title = this.frame.querySelector("[data-title]");
      if (title && answer.title) title.textContent = answer.title;
      if (this.legend) this.fillLegend(answer.legend);
      this.fillTable();
      if (answer.empty) return this.tellEmpty(answer.empty);
      return this.draw();
    }

    tellEmpty(text) {
      this.plot.classList.add("nothing");
      this.plot.replaceChildren(part("p", "hint", text));
      this.frame.querySelector("[data-notes]")?.replaceChildren();
    }

    fail(problem) {
      this.frame.querySelector("[data-problem]")?.remove();
      const box = document.createElement("p");
      box.className = "notice warning mt2";
      box.dataset.problem = "";
      box.setAttribute("role", "alert");
      const reason = problem.name === "TimeoutError" ? "The server took too long." : problem.message;
      box.append(`Could not load this chart. ${reason} `);
      const retry = document.createElement("button");
      retry.type = "button";
      retry.className = "btn small";
      retry.textContent = "Retry";
      retry.addEventListener("click", () => this.load());
      box.append(retry);
      this.plot.after(box);
    }

    // ---- drawing
    async draw() {
      const { data, layout } = this.answer.figure;
      if (!this.live) {
        this.live = document.createElement("div");
        this.live.className = "live";
        this.plot.append(this.live);
      }
      await Plotly.react(
        this.live,
        withColours(data).map((trace, index) => ({ ...trace, ...this.mood(data[index]) })),
        // The reader's zoom survives new data and new colours, not another axis.
        { ...withColours(layout), uirevision: location.search },
        CONFIG,
      );
      this.plot.classList.add("drawn");
      if (this.listening) return;
      this.listening = true;
      this.live.on("plotly_hover", ({ points }) => this.tellCursor(points));
      this.live.on("plotly_unhover", () => this.tellLast());
      this.live.on("plotly_relayout", (change) => this.zoom(change));
      this.live.on("plotly_click", ({ points }) => this.open(points[0]));
    }

    // How a trace looks while others are hidden or looked at.
    mood(trace) {
      const id = trace.legendgroup;
      if (!id) return {};
      const dim = this.focus && this.focus !== id;
      const mood = { visible: !this.hidden.has(id), opacity: dim ? 0.35 : trace.opacity ?? 1 };
      if (trace.line?.width) mood.line = { ...withColours(trace.line), width: this.width(trace) };
      return mood;
    }

    width(trace) {
      return this.focus === trace.legendgroup && !trace.meta?.raw ? 3 : trace.line.width;
    }

    restyle() {
      const indices = [], visible = [], opacity = [], widths = [];
      this.answer.figure.data.forEach((trace, index) => {
        if (!trace.legendgroup) return;
        const mood = this.mood(trace);
        indices.push(index);
        visible.push(mood.visible);
        opacity.push(mood.opacity);
        widths.push(trace.line?.width ? this.width(trace) : 2); // marks have no line to widen
      });
      if (indices.length) Plotly.restyle(this.live, { visible, opacity, "line.width": widths }, indices);
    }

    zoom(change) {
      if (change["xaxis.autorange"]) {
        if (!this.range) return;
        this.range = null;
        this.abort?.abort();
        this.show(this.whole);
      } else if ("xaxis.range[0]" in change && this.whole?.finer) {
        this.range = [change["xaxis.range[0]"], change["xaxis.range[1]"]].map(number);
        this.load();
      }
    }

    open(point) {
      const candidates = this.frame.dataset.candidates;
      if (candidates && point?.customdata) location.assign(`${candidates}${point.customdata}/`);
    }

    // ---- what stands around it
    tellNotes(notes) {
      const box = this.frame.querySelector("[data-notes]");
      box?.replaceChildren(...notes.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
    }

    fillLegend(entries) {
      const focused = this.legend.contains(document.activeElement) ? document.activeElement.dataset.curve : null;
      this.legend.replaceChildren(...entries.map((entry) => this.legendItem(entry, entries.length)));
      if (focused) this.legend.querySelector(`[data-curve="${CSS.escape(focused)}"]`)?.focus();
      if (this.legend.dataset.ready) return;
      this.legend.dataset.ready = "";
      this.legend.addEventListener("click", (event) => this.toggle(event));
      const look = (event) => this.lookAt(event.target.closest("li")?.dataset.id ?? null);
      this.legend.addEventListener("pointerover", look);
      this.legend.addEventListener("focusin", look);
      this.legend.addEventListener("pointerleave", () => this.lookAt(null));
      this.legend.addEventListener("focusout", () => this.lookAt(null));
    }

    legendItem(entry, many) {
      const item = document.createElement("li");
      item.dataset.id = entry.id;
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.curve = entry.id;
      button.setAttribute("aria-pressed", String(!this.hidden.has(entry.id)));
      const key = Object.assign(document.createElement("i"), {
        className: `key slot-${Number(entry.slot)}${entry.dash ? ` dash-${Number(entry.dash)}` : ""}`,
      });
      const name = part("span", "nm", entry.name);
      name.title = entry.name;
      button.append(key, part("span", "id", entry.label ?? `#${entry.id}`), name);
      if (entry.is_live) button.append(part("span", "tagx", "live"));
      if (entry.is_baseline) button.append(part("span", "tagx", "Baseline"));
      button.append(part("output", "", entry.value));
      item.append(button);
      if (many > 2) {
        const only = part("button", "only", "Only");
        only.type = "button";
        only.dataset.only = entry.id;
        only.setAttribute("aria-label", `Only #${entry.id}`);
        item.append(only);
      }
      return item;
    }

    toggle(event) {
      const button = event.target.closest("button");
      if (!button) return;
      const all = this.answer.legend.map((entry) => entry.id);
      if (button.dataset.only) {
        const others = all.filter((id) => id !== button.dataset.only);
        const alone = !this.hidden.has(button.dataset.only) && others.every((id) => this.hidden.has(id));
        this.hidden = new Set(alone ? [] : others); // a second time brings all back
      } else if (!this.hidden.delete(button.dataset.curve)) this.hidden.add(button.dataset.curve);
      for (const curve of this.legend.querySelectorAll("[data-curve]"))
        curve.setAttribute("aria-pressed", String(!this.hidden.has(curve.dataset.curve)));
      this.restyle();
      setQuery("hide", [...this.hidden].join(","), true);
    }

    lookAt(id) {
      if (this.focus === id || !this.live || this.answer.legend.length < 2) return;
      this.focus = id;
      this.restyle();
    }

    tellCursor(points) {
      const legend = this.legend ?? this.shared;
      if (!legend) return;
      const values = new Map();
      for (const point of points)
        if (!point.data.meta?.raw) values.set(point.data.legendgroup, point.data.orientation === "h" ? point.x : point.y);
      for (const button of legend.querySelectorAll("[data-curve]"))
        button.querySelector("output").textContent = shown(values.get(button.dataset.curve));
      if (!this.at || points[0].data.orientation === "h") return;
      const x = points[0].x;
      const where = typeof x === "number" ? shown(x) : String(x).slice(0, 19);
      this.at.textContent = `at ${this.answer.at === "step" ? "step " : ""}${where}${["step", ""].includes(this.answer.at) ? "" : ` ${this.answer.at}`}`;
    }

    tellLast() {
      if (this.shared) {
        for (const output of this.shared.querySelectorAll("output")) output.textContent = "";
        if (this.at) this.at.textContent = "";
        return;
      }
      if (!this.legend) return;
      const values = new Map(this.answer.legend.map((entry) => [entry.id, entry.value]));
      for (const button of this.legend.querySelectorAll("[data-curve]"))
        button.querySelector("output").textContent = values.get(button.dataset.curve);
      if (this.at) this.at.textContent = "last value";
    }

    fillTable() {
      const link = this.frame.querySelector("[data-table]");
      const box = this.frame.querySelector("[data-values]");
      if (!link || !box) return;
      const open = link.getAttribute("aria-expanded") === "true";
      link.textContent = open ? "Hide the table" : "Show as table";
      box.replaceChildren(...(open ? this.answer.table.map(tableOf) : []));
    }
  }

  const number = (value) => typeof value === "number" ? value : Date.parse(`${value.replace(" ", "T")}Z`);
  const part = (name, className, text) => Object.assign(document.createElement(name), { className, textContent: text });

  const tableOf = ({ caption, columns, rows }) => {
    const region = part("div", "region", "");
    region.setAttribute("role", "region");
    region.setAttribute("aria-label", caption);
    region.tabIndex = 0;
    const table = part("table", "tbl numbers", "");
    table.append(part("caption", "", caption));
    const cell = (row, name, text, isFirst) => {
      const box = part(name, isFirst ? "" : "num", text);
      if (name === "th") box.scope = row.parentNode?.nodeName === "THEAD" ? "col" : "row";
      row.append(box);
    };
    const head = table.createTHead().insertRow();
    columns.forEach((text, index) => cell(head, "th", text, index === 0));
    const body = table.createTBody();
    for (const values of rows) {
      const row = body.insertRow();
      values.forEach((text, index) => cell(row, index ? "td" : "th", text, index === 0));
    }
    region.append(table);
    return region;
  };

  // ---- the page's address is the state ---------------------------------------------------------
  const setQuery = (name, value, replace = false) => {
    const url = new URL(location.href);
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
    history[replace ? "replaceState" : "pushState"]({}, "", url);
  };

  const charts = new Map();
  const reload = () => {
    for (const chart of charts.values()) {
      chart.range = null;
      if (chart.answer) chart.load();
    }
  };

  const choose = (name, value, { replace = false } = {}) => {
    setQuery(name, value, replace);
    if (name === "x") { setQuery("x0", "", true); setQuery("x1", "", true); }
    reload();
  };

  const WORDS = { step: "by step", rel: "since the start", time: "over time" };
  document.addEventListener("click", (event) => {
    const option = event.target.closest("[data-option]");
    if (option && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const [name, value] = option.dataset.option.split("=");
      for (const other of document.querySelectorAll(`[data-option^="${name}="]`)) other.removeAttribute("aria-current");
      if (name !== "sm") option.setAttribute("aria-current", "true");
      if (name === "x") for (const over of document.querySelectorAll("[data-over]")) over.textContent = WORDS[value];
      if (name === "sm") tellSmoothing(0);
      choose(name, value);
    }
    const link = event.target.closest("[data-table]");
    const chart = link && charts.get(link.closest("[data-chart]"));
    if (chart?.answer) {
      event.preventDefault();
      const open = link.getAttribute("aria-expanded") !== "true";
      link.setAttribute("aria-expanded", String(open));
      chart.fillTable();
      setQuery("table", open ? "1" : "", true);
    }
    const big = event.target.closest("[data-maximise]");
    if (big) maximise(big.closest("[data-chart]"));
  });

  // A slider moves often: it replaces the address while it moves and asks when it rests.
  let rest;
  const tellSmoothing = (value) => {
    for (const box of document.querySelectorAll("[data-smoothing]"))
      box.textContent = Number(value) ? `EMA ${Number(value)}` : "off";
    for (const range of document.querySelectorAll("[data-option-range]")) range.value = value;
  };
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-option-range]")) return;
    tellSmoothing(event.target.value);
    clearTimeout(rest);
    rest = setTimeout(() => choose("sm", event.target.value, { replace: true }), 150);
  });
  for (const range of document.querySelectorAll("[data-option-range]"))
    range.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      range.closest("details").open = false;
    });

  // ---- one list of candidates for all charts of a page ------------------------------------------
  const shared = document.querySelector("[data-shared-legend]");
  if (shared) {
    const each = (act) => { for (const chart of charts.values()) if (chart.shared && chart.answer && !chart.answer.empty) act(chart); };
    const idOf = (event) => event.target.closest("li")?.dataset.id ?? null;
    const look = (event) => each((chart) => chart.lookAt(idOf(event)));
    shared.addEventListener("pointerover", look);
    shared.addEventListener("focusin", look);
    for (const leave of ["pointerleave", "focusout"])
      shared.addEventListener(leave, () => each((chart) => chart.lookAt(null)));
    shared.addEventListener("click", (event) => {
      const button = event.target.closest("[data-curve]");
      if (!button) return;
      const show = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(show));
      const off = [...shared.querySelectorAll('[aria-pressed="false"]')].map((one) => one.dataset.curve);
      for (const chart of charts.values()) chart.hidden = new Set(off);
      each((chart) => chart.restyle());
      setQuery("hide", off.join(","), true);
    });
  }

  addEventListener("popstate", () => location.reload());

  // ---- one chart as large as the window ---------------------------------------------------------
  const maximise = (frame, on = !frame.classList.contains("max")) => {
    frame.classList.toggle("max", on);
    document.body.classList.toggle("has-max", on);
    frame.querySelector("[data-maximise]").setAttribute("aria-pressed", String(on));
    const chart = charts.get(frame);
    if (chart?.live) Plotly.Plots.resize(chart.live);
  };
  document.addEventListener("keydown", (event) => {
    const frame = event.key === "Escape" && document.querySelector(".chart.max");
    if (frame && !document.querySelector("details.menu[open]")) maximise(frame, false);
  });

  // ---- theme ------------------------------------------------------------------------------------
  document.addEventListener("tracker:theme", () => {
    resolved = new Map();
    for (const chart of charts.values()) if (chart.answer) chart.draw();
  });

  // ---- mounting ---------------------------------------------------------------------------------
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const chart = charts.get(target);
      if (isIntersecting && !chart.asked) {
        chart.asked = true;
        chart.load();
      } else if (!isIntersecting && chart.leave()) chart.asked = false;
    }
  }, { rootMargin: "200px" });
  for (const frame of document.querySelectorAll("[data-chart]")) {
    charts.set(frame, new Chart(frame));
    frame.querySelector("[data-maximise]")?.removeAttribute("hidden");
    seen.observe(frame);
  }
})();
