// How the charts of a page are drawn: axes, outliers, smoothing. Kept in the page's address.
//
// Without it the same links and forms load the page anew.
(() => {
  "use strict";
  if (!window.trackerCharts) return;
  const { choose } = window.trackerCharts;
  const asked = (name) => new URLSearchParams(location.search).get(name) ?? "";

  const WORDS = { step: "by step", rel: "since the start", time: "over time" };
  const mark = (name, value) => {
    for (const option of document.querySelectorAll(`[data-option^="${name}="]`))
      if (option.dataset.option === `${name}=${value}`) option.setAttribute("aria-current", "true");
      else option.removeAttribute("aria-current");
  };
  const take = (name, value) => {
    mark(name, value);
    if (name === "x") for (const over of document.querySelectorAll("[data-over]")) over.textContent = WORDS[value];
    choose(name, value);
  };
  document.addEventListener("click", (event) => {
    const option = event.target.closest("[data-option]");
    if (!option || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const [name, value] = option.dataset.option.split("=");
    if (name === "clip") take("clip", asked("clip") ? "" : "1");
    else if (name === "smk") smooth(value, USUAL[value]?.value);
    else take(name, value);
  });

  // ---- smoothing: a kind, and how much of it ------------------------------------------------------
  const USUAL = {
    ema: { value: 0.6, max: 0.99, step: 0.01, says: (amount) => `EMA ${amount}` },
    avg: { value: 25, max: 200, step: 1, says: (amount) => `mean of ${amount} points` },
    gauss: { value: 10, max: 100, step: 1, says: (amount) => `Gaussian of ${amount} points` },
  };
  const ranges = () => [...document.querySelectorAll("[data-option-range]")];
  const kind = () => ranges()[0]?.dataset.kind || "";
  let rest;
  const smooth = (name, amount, { wait = 0 } = {}) => {
    const usual = USUAL[name];
    mark("smk", name);
    for (const range of ranges()) {
      range.dataset.kind = name || "ema";
      range.closest("[data-amount]").hidden = name === "env";
      if (usual) Object.assign(range, { max: usual.max, step: usual.step });
      range.value = amount ?? 0;
    }
    for (const box of document.querySelectorAll("[data-smoothing]"))
      box.textContent = name === "env" ? "envelope" : usual && Number(amount) ? usual.says(Number(amount)) : "off";
    const text = name === "env" ? "env" : usual && Number(amount) ? `${name}:${Number(amount)}` : "0";
    clearTimeout(rest);
    // A slider moves often: it replaces the address, and asks when it rests.
    if (wait) rest = setTimeout(() => choose("sm", text, { replace: true }), wait);
    else choose("sm", text);
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-option-range]")) smooth(kind() || "ema", event.target.value, { wait: 150 });
  });
  for (const range of ranges())
    range.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      range.closest("details").open = false;
    });

  // ---- keys ---------------------------------------------------------------------------------------
  const step = (way) => {
    const range = ranges()[0];
    if (!range) return false;
    const name = kind() in USUAL ? kind() : "ema", by = name === "ema" ? 0.1 : 5;
    const next = Math.min(Math.max(Number(range.value) + way * by, 0), USUAL[name].max);
    smooth(name, String(Number(next.toFixed(2))));
  };
  const keys = {
    l: () => document.querySelector("[data-option^='y=']") ? take("y", asked("y") === "log" ? "" : "log") : false,
    "[": () => step(-1),
    "]": () => step(1),
  };
  document.addEventListener("tracker:key", (event) => {
    if (keys[event.detail] && keys[event.detail]() !== false) event.preventDefault();
  });
})();
