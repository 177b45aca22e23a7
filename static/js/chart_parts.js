// What stands around a chart: the entries of its legend, and its values as a table.
(() => {
  "use strict";

  const part = (name, className, text) => Object.assign(document.createElement(name), { className, textContent: text });

  const legendItem = (entry, { many, isHidden }) => {
    const item = document.createElement("li");
    item.dataset.id = entry.id;
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.curve = entry.id;
    button.setAttribute("aria-pressed", String(!isHidden));
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
  };

  // On a phone a legend of hundreds would be all there is to see: these come first.
  const AT_ONCE = 12;
  const moreItem = (many) => {
    const item = part("li", "more phone-only", "");
    const button = part("button", "", `All ${many}`);
    button.type = "button";
    button.dataset.more = "";
    item.append(button);
    return item;
  };

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

  window.chartParts = Object.freeze({ part, legendItem, moreItem, AT_ONCE, tableOf });
})();
