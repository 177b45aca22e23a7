// Charts: mounts the figures that `chart.json` describes, when they come into view.
//
// Until a figure is there, and wherever it cannot be, the server's own drawing stays. Charts of
// one page share a cursor, and a range where they share an axis.
(() => {
  "use strict";
  if (!window.Plotly) return;

  const VIEW_STATE = ["c", "b", "x", "y", "sm", "clip"]; // what of the page's address concerns charts
  const PHONE = matchMedia("(max-width: 639px)");
  const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset" };
  const { withColours, shown } = window.paint;
  const { ask } = window.chartRequests;
  const { part, legendItem, moreItem, AT_ONCE, tableOf } = window.chartParts;

  // ---- one chart ------------------------------------------------------------------------------
  class Chart {
    constructor(frame) {
      this.frame = frame;
      this.plot = frame.querySelector(".plot");
      this.legend = frame.querySelector("[data-legend]");
      this.shared = this.legend ? null : document.querySelector("[data-shared-legend]");
      this.at = frame.querySelector("[data-at]") ?? (this.shared && document.querySelector("[data-shared-at]"));
      const hide = new URLSearchParams(location.search).get("hide");
      this.hidden = new Set((hide ?? "").split(",").filter(Boolean));
      // A phone has room for two, unless the address says which.
      this.pair = hide === null && PHONE.matches ? document.querySelector("[data-pair]")?.dataset.pair.split(",") : null;
      this.focus = null;
      this.range = null; // in what addresses say: steps, seconds since the start, milliseconds
      this.whole = null; // the answer for the whole range, for when a zoom is left
      this.inSight = false;
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
        else if (this.whole) answer.finer = this.whole.finer;
        this.frame.querySelector("[data-problem]")?.remove();
        // What is drawn already stays as it is, with the reader's zoom.
        if (answer.etag && answer.etag === this.answer?.etag) return;
        await this.show(answer);
        if (!this.range && range.of(answer)) this.follow(range.of(answer));
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
      if (this.pair && !this.answer && this.legend)
        for (const { id } of answer.legend) if (!this.pair.includes(String(id))) this.hidden.add(id);
      this.answer = answer;
      this.tellNotes(answer.notes);
      const title = this.frame.querySelector("[data-title]");
      if (title && answer.title) title.textContent = answer.title;
      if (this.legend) this.fillLegend(answer.legend);
      this.fillTable();
      if (answer.empty) return this.tellEmpty(answer.empty);
      this.plot.classList.remove("nothing");
      this.plot.querySelector(":scope > p.hint")?.remove();
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
        { ...withColours(layout), uirevision: revision() },
        CONFIG,
      );
      this.plot.classList.add("drawn");
      if (this.listening) return;
      this.listening = true;
      this.live.on("plotly_hover", ({ points }) => this.hover(points));
      this.live.on("plotly_unhover", () => this.leaveCursor());
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

    // ---- a range along the axis, for all charts that share it
    // The same by a button as by dragging; `whole` is also what a double click does.
    zoomBy(way) {
      const axis = this.live?._fullLayout?.xaxis;
      if (!axis) return;
      const { yaxis } = this.answer.figure.layout;
      const across = yaxis?.range ? { "yaxis.range": [...yaxis.range] } : { "yaxis.autorange": true };
      if (way === "all") return Plotly.relayout(this.live, { "xaxis.autorange": true, ...across });
      const [low, high] = axis.range.map(axis.r2l);
      const middle = (low + high) / 2, half = (high - low) * (way === "in" ? 0.25 : 1);
      const [from, to] = [middle - half, middle + half].map(axis.l2r);
      return Plotly.relayout(this.live, { "xaxis.range[0]": from, "xaxis.range[1]": to });
    }

    // What is not the whole can be left by a button.
    tellZoom() {
      const { xaxis, yaxis } = this.live._fullLayout;
      const isWhole = (axis, said) =>
        !axis || axis.autorange || Boolean(said?.range && String(axis.range) === String(said.range));
      const { layout } = this.answer.figure;
      const button = this.frame.querySelector("header [data-zoom=all]");
      if (button) button.hidden = isWhole(xaxis, layout.xaxis) && isWhole(yaxis, layout.yaxis);
    }

    zoom(change) {
      this.tellZoom();
      if (this.quiet || !this.answer.axis) return;
      if (change["xaxis.autorange"]) {
        if (this.range) range.choose(this, null);
      } else if ("xaxis.range[0]" in change) {
        const ends = [change["xaxis.range[0]"], change["xaxis.range[1]"]].map((end) => number(end) * this.answer.scale);
        range.choose(this, ends);
      }
    }

    // `move` is false for the chart in which the reader zooms: it stands there already.
    async follow(ends, move = true) {
      if (!this.live || this.answer.empty) return;
      this.range = ends;
      if (move) {
        this.quiet = true;
        const { scale, axis } = this.answer;
        await Plotly.relayout(this.live, ends
          ? { "xaxis.range": ends.map((end) => axis === "time" ? dated(end) : end / scale) }
          : { "xaxis.autorange": true });
        this.quiet = false;
        this.tellZoom();
      }
      if (!this.whole?.finer) return;
      if (ends) return this.load();
      this.abort?.abort();
      return this.show(this.whole);
    }

    // ---- a cursor in all charts at once
    hover(points) {
      this.tellCursor(points);
      if (this.answer.axis) cursor.lead(this, points[0].x);
    }

    leaveCursor() {
      this.tellLast();
      if (this.answer.axis) cursor.lead(this, null);
    }

    // A line of our own: Plotly's hovering would look for points in every chart at once.
    pointAt(x) {
      const axis = this.live?._fullLayout?.xaxis;
      if (!axis) return;
      this.line ??= this.plot.appendChild(part("i", "cursor", ""));
      const at = x === null ? NaN : axis.d2p(x);
      this.line.hidden = !(at >= 0 && at <= axis._length);
      if (!this.line.hidden) this.line.style.insetInlineStart = `${Math.round(axis._offset + at)}px`;
      if (!this.legend) return;
      if (x === null) return this.tellLast();
      const seen = new Map();
      for (const trace of this.live._fullData)
        if (trace.legendgroup && !trace.meta?.raw && !seen.has(trace.legendgroup))
          seen.set(trace.legendgroup, before(trace, number(x)));
      this.tellValues(seen, x);
    }

    save(format) {
      const title = this.frame.querySelector("h2")?.textContent.trim().replace(/[^\w.-]+/g, "-") || "chart";
      const { width, height } = this.live.getBoundingClientRect();
      return Plotly.downloadImage(this.live, {
        format,
        filename: title,
        width: Math.max(900, width),
        height: Math.max(500, height),
        scale: 2,
      });
    }

    open(point) {
      const candidates = this.frame.dataset.candidates;
      if (candidates && point?.customdata) location.assign(`${candidates}${point.customdata}/`);
    }

    // ---- what stands around it
    tellNotes(notes) {
      const box = this.frame.querySelector("[data-notes]");
      const noted = (text) => Object.assign(document.createElement("span"), { textContent: text });
      box?.replaceChildren(...notes.map(noted));
    }

    fillLegend(entries) {
      const focused = this.legend.contains(document.activeElement) ? document.activeElement.dataset.curve : null;
      const many = entries.length;
      // Of two that are compared among hundreds: these first.
      if (this.pair) entries = entries.toSorted((a, b) => this.hidden.has(a.id) - this.hidden.has(b.id));
      this.legend.replaceChildren(
        ...entries.map((entry) => legendItem(entry, { many, isHidden: this.hidden.has(entry.id) })),
        ...(many > AT_ONCE && !this.isWhole ? [moreItem(many)] : []),
      );
      this.legend.classList.toggle("short", !this.isWhole);
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

    toggle(event) {
      const button = event.target.closest("button");
      if (!button) return;
      if ("more" in button.dataset) {
        const next = this.legend.children[AT_ONCE].querySelector("button");
        this.isWhole = true;
        this.legend.classList.remove("short");
        button.parentNode.remove();
        next.focus();
        return;
      }
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
      if (!(this.legend ?? this.shared)) return;
      const values = new Map();
      for (const point of points)
        if (!point.data.meta?.raw && !values.has(point.data.legendgroup))
          values.set(point.data.legendgroup, point.data.orientation === "h" ? point.x : point.y);
      this.tellValues(values, points[0].data.orientation === "h" ? null : points[0].x);
    }

    tellValues(values, x) {
      for (const button of (this.legend ?? this.shared).querySelectorAll("[data-curve]"))
        button.querySelector("output").value = shown(values.get(button.dataset.curve));
      if (!this.at || x === null) return;
      const where = typeof x === "number" ? shown(x) : String(x).slice(0, 19);
      const unit = ["step", ""].includes(this.answer.at) ? "" : ` ${this.answer.at}`;
      this.at.textContent = `at ${this.answer.at === "step" ? "step " : ""}${where}${unit}`;
    }

    tellLast() {
      if (this.shared) {
        // What the page said at first: the metric to judge by.
        for (const output of this.shared.querySelectorAll("output")) output.value = output.defaultValue;
        if (this.at) this.at.textContent = this.at.dataset.sharedAt;
        return;
      }
      if (!this.legend) return;
      const values = new Map(this.answer.legend.map((entry) => [entry.id, entry.value]));
      for (const button of this.legend.querySelectorAll("[data-curve]"))
        button.querySelector("output").value = values.get(button.dataset.curve);
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

  // The value of a line at a place, or the last one before it.
  const before = ({ x, y }, at) => {
    let low = 0, high = x.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Number(x[middle]) <= at) low = middle + 1;
      else high = middle;
    }
    return low && at <= Number(x[x.length - 1]) ? y[low - 1] : undefined;
  };
  const number = (value) => typeof value === "number" ? value : Date.parse(`${value.replace(" ", "T")}Z`);
  // ---- the page's address is the state ---------------------------------------------------------
  const setQuery = (name, value, replace = false) => {
    const url = new URL(location.href);
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
    history[replace ? "replaceState" : "pushState"]({}, "", url);
  };
  // The reader's zoom survives new data and new colours, not another axis.
  const revision = () => {
    const query = new URLSearchParams(location.search);
    return ["x", "y", "clip"].map((name) => query.get(name) ?? "").join(" ");
  };

  const charts = new Map();
  const each = (act, without = null) => {
    for (const chart of charts.values()) if (chart !== without && chart.answer && !chart.answer.empty) act(chart);
  };
  const dated = (ms) => new Date(ms).toISOString().slice(0, 23).replace("T", " ");

  // ---- one range for all charts with the same axis -------------------------------------------------
  const range = {
    ends: null,
    axis: null,
    read() {
      const query = new URLSearchParams(location.search);
      const ends = ["x0", "x1"].map((name) => query.has(name) ? Number(query.get(name)) : NaN);
      this.ends = ends.every(Number.isFinite) && ends[0] < ends[1] ? ends : null;
      this.axis = null; // of an address: whichever the charts have
    },
    of(answer) {
      if (!this.ends || !answer.axis) return null;
      this.axis ??= answer.axis;
      return this.axis === answer.axis ? this.ends : null;
    },
    choose(by, ends) {
      this.ends = ends;
      this.axis = by.answer.axis;
      const tidy = (end) => String(Number(end.toPrecision(9)));
      setQuery("x0", ends ? tidy(ends[0]) : "", true);
      setQuery("x1", ends ? tidy(ends[1]) : "", true);
      by.follow(ends, false);
      each((chart) => { if (chart.answer.axis === this.axis) chart.follow(ends); }, by);
    },
    forget() {
      this.ends = null;
      setQuery("x0", "", true);
      setQuery("x1", "", true);
    },
  };
  range.read();

  // ---- one cursor for all charts in sight ---------------------------------------------------------
  const cursor = {
    frame: 0,
    lead(by, x) {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => each((chart) => {
        const { axis, scale } = chart.answer;
        if (!chart.inSight || axis !== by.answer.axis) return;
        chart.pointAt(typeof x === "number" ? (x * by.answer.scale) / scale : x);
      }, by));
    },
  };

  const reload = () => {
    for (const chart of charts.values()) {
      chart.range = null;
      if (chart.answer) chart.load();
    }
  };

  const choose = (name, value, { replace = false } = {}) => {
    setQuery(name, value, replace);
    if (name === "x") range.forget();
    reload();
  };

  document.addEventListener("click", (event) => {
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
    const way = event.target.closest("[data-zoom]");
    if (way) charts.get(way.closest("[data-chart]"))?.zoomBy(way.dataset.zoom);
    const picture = event.target.closest("[data-picture]");
    if (picture) charts.get(picture.closest("[data-chart]"))?.save(picture.dataset.picture);
  });

  // ---- one list of candidates for all charts of a page ------------------------------------------
  const shared = document.querySelector("[data-shared-legend]");
  if (shared) {
    const idOf = (event) => event.target.closest("li")?.dataset.id ?? null;
    const mine = (act) => each((chart) => { if (chart.shared) act(chart); });
    const look = (event) => mine((chart) => chart.lookAt(idOf(event)));
    shared.addEventListener("pointerover", look);
    shared.addEventListener("focusin", look);
    for (const leave of ["pointerleave", "focusout"])
      shared.addEventListener(leave, () => mine((chart) => chart.lookAt(null)));
    shared.addEventListener("click", (event) => {
      const button = event.target.closest("[data-curve]");
      if (!button) return;
      const show = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(show));
      const off = [...shared.querySelectorAll('[aria-pressed="false"]')].map((one) => one.dataset.curve);
      for (const chart of charts.values()) chart.hidden = new Set(off);
      mine((chart) => chart.restyle());
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
    window.paint.forget();
    each((chart) => chart.draw());
  });

  // ---- mounting ---------------------------------------------------------------------------------
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const chart = charts.get(target);
      if (!chart) continue;
      chart.inSight = isIntersecting;
      if (isIntersecting && !chart.asked) {
        chart.asked = true;
        chart.load();
      } else if (!isIntersecting && chart.leave()) chart.asked = false;
    }
  }, { rootMargin: "200px" });
  const mount = () => {
    for (const frame of charts.keys()) if (!frame.isConnected) charts.delete(frame);
    for (const frame of document.querySelectorAll("[data-chart]")) {
      if (charts.has(frame)) continue;
      charts.set(frame, new Chart(frame));
      for (const button of frame.querySelectorAll("[data-maximise], [data-picture], [data-zooms]")) button.hidden = false;
      seen.observe(frame);
    }
  };
  mount();

  // What the page shows has grown: what is in sight is asked for again, the rest when it comes.
  document.addEventListener("tracker:changed", () => {
    mount();
    for (const chart of charts.values()) {
      if (!chart.answer) continue;
      if (chart.inSight) chart.load();
      else chart.asked = false;
    }
  });

  window.trackerCharts = Object.freeze({ choose });
})();
