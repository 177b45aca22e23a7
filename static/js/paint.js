// What figures need before Plotly takes them: colours for the stylesheet's tokens, numbers as we write them.
//
// A figure names tokens instead of colours ("--slot-3", "--slot-3/35" for 35 % of it); they are
// resolved here, so that a change of theme needs no request.
(() => {
  "use strict";
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

  window.paint = Object.freeze({ withColours, shown, forget: () => { resolved = new Map(); } });
})();
