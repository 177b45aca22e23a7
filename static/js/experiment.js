// The candidates table: choosing rows, dialogs, sorting by several columns, what changes live.
// Without it the same forms and links do the same, one page after the other.
(() => {
  "use strict";
  const bar = document.querySelector("[data-selection]");
  const body = document.querySelector("[data-rows]");
  const boxes = () => [...document.querySelectorAll(".row-box")];
  const pageBox = document.querySelector("[data-page]");

  // ---- selection --------------------------------------------------------------------------------
  // 12,14,15,16 is written 12,14-16: an address to read and to send.
  const ranges = (numbers) => {
    const parts = [];
    for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
      const last = parts.at(-1);
      if (last && number === last[1] + 1) last[1] = number;
      else parts.push([number, number]);
    }
    const said = ([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from},${to}` : `${from}-${to}`);
    return parts.map(said).join(",");
  };
  const checked = () => [...document.querySelectorAll(":is(.row-box, .group-box):checked")];
  const numbers = () => checked().flatMap((box) => box.value.split(",").map(Number));
  const all = bar?.querySelector("[data-all]");
  const show = () => {
    const number = all?.checked ? Number(bar.dataset.matching) : new Set(numbers()).size;
    for (const box of document.querySelectorAll(":is(.row-box, .group-box)"))
      box.closest("tr").setAttribute("aria-selected", box.checked);
    bar.querySelector("[data-count]").textContent = `${number.toLocaleString("en").replaceAll(",", "\u202f")} selected`;
    for (const button of bar.querySelectorAll("[data-only-one]")) button.hidden = number !== 1 || Boolean(all?.checked);
    for (const button of bar.querySelectorAll("[data-one]")) button.hidden = Boolean(all?.checked);
    const rows = boxes(), chosen = rows.filter((box) => box.checked).length;
    pageBox.checked = rows.length > 0 && chosen === rows.length;
    pageBox.indeterminate = chosen > 0 && chosen < rows.length;
    const label = all?.closest("label");
    if (label) label.hidden = !pageBox.checked && !all.checked;
  };
  const choose = (wanted, on) => {
    for (const box of wanted) box.checked = on;
    if (all && !on) all.checked = false;
    show();
  };
  const clear = () => choose([...document.querySelectorAll(":is(.row-box, .group-box)")], false);

  if (bar) {
    pageBox.hidden = false;
    bar.querySelector("[data-clear]").hidden = false;
    pageBox.addEventListener("change", () => choose(boxes(), pageBox.checked));
    all?.addEventListener("change", show);
    let anchor = null;
    const reach = (box, on, isRange) => {
      const rows = boxes();
      if (isRange && rows.includes(anchor)) {
        const [from, to] = [rows.indexOf(anchor), rows.indexOf(box)].sort((a, b) => a - b);
        choose(rows.slice(from, to + 1), on);
      } else choose([box], on);
      anchor = box;
    };
    // One listener for all rows: live updates bring new ones.
    body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      const box = row?.querySelector(":is(.row-box, .group-box)");
      if (!box) return;
      if (event.target === box) return reach(box, box.checked, event.shiftKey);
      if (event.target.closest("a, input, button") || getSelection().toString()) return;
      reach(box, !box.checked, event.shiftKey);
    });
    bar.addEventListener("reset", (event) => { event.preventDefault(); clear(); });
    bar.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = numbers(), button = event.submitter;
      if (!chosen.length) return;
      if (!button?.name) return location.assign(`${bar.dataset.compare}?c=${ranges(chosen)}`);
      const query = new URLSearchParams({ verb: button.value, at: location.pathname + location.search });
      if (all?.checked) {
        query.set("all", "1");
        query.set("q", bar.elements.q?.value || "");
        if (bar.elements.archived) query.set("archived", "1");
      } else query.set("c", ranges(chosen));
      ask(`${bar.action}?${query}`);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if (checked().length && !document.querySelector("dialog[open]")) clear();
    });
    addEventListener("pageshow", show);
    show();
  }

  // ---- dialogs: the same page that the button leads to, in front of this one --------------------
  const ask = async (address) => {
    let part = null;
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (answer.ok && !answer.redirected)
        part = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-dialog]");
    } catch { /* then the page itself says what is wrong */ }
    if (!part) return location.assign(address);
    const dialog = document.createElement("dialog");
    dialog.className = "dialog";
    dialog.setAttribute("aria-label", part.querySelector("h1").textContent);
    dialog.append(part);
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("[data-cancel]")) { event.preventDefault(); dialog.close(); }
    });
    dialog.showModal();
    dialog.querySelector("input:not([type=hidden]), select, button")?.focus();
  };

  // ---- sorting: a click with Shift adds a column to those that sort already ----------------------
  document.querySelector("thead")?.addEventListener("click", (event) => {
    const link = event.target.closest("[data-sort]");
    if (!link || !event.shiftKey) return;
    event.preventDefault();
    const address = new URL(location.href), target = new URL(link.href);
    const added = target.searchParams.get("sort") || "";
    const key = link.dataset.sort;
    const kept = (address.searchParams.get("sort") || "")
      .split(",")
      .filter((one) => one && one.replace(/^-/, "") !== key);
    address.searchParams.set("sort", [...kept, added].slice(-3).join(","));
    address.searchParams.delete("after");
    location.assign(address);
  });

  // ---- the menu of a column: arrows walk through it; a condition is begun on this page -----------
  for (const menu of document.querySelectorAll(".colmenu")) {
    menu.addEventListener("toggle", (event) => {
      if (event.newState !== "open") return;
      if (!CSS.supports("position-area", "block-end")) {
        const at = document.querySelector(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
        menu.style.inset = `${at.bottom + 4}px auto auto ${Math.max(8, Math.min(at.left, innerWidth - menu.offsetWidth - 8))}px`;
      }
    });
    menu.addEventListener("keydown", (event) => {
      const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!way) return;
      event.preventDefault();
      const all = [...menu.querySelectorAll("button, a")];
      all[(all.indexOf(document.activeElement) + way + all.length) % all.length].focus();
    });
    menu.querySelector("[data-filter-by]")?.addEventListener("click", (event) => {
      const condition = document.getElementById("condition");
      if (!condition?.checkVisibility()) return;
      event.preventDefault();
      event.stopPropagation();
      menu.hidePopover();
      condition.open = true;
      condition.querySelector("[name=add_key]").value = event.currentTarget.dataset.filterBy;
      condition.querySelector("[name=add_value]").focus();
    });
  }

  // ---- columns: narrow the list while typing; Enter, or a button, asks the server for the rest ---
  const finder = document.querySelector("[data-narrows]");
  const narrow = () => {
    const wanted = finder.value.toLowerCase();
    const further = document.querySelector("[data-further]");
    if (further) further.hidden = !wanted;
    for (const choice of document.querySelectorAll("#columns .o:not(summary)"))
      choice.hidden = !choice.textContent.toLowerCase().includes(wanted);
    for (const part of document.querySelectorAll("#columns details, #columns .list > fieldset")) {
      if (wanted) part.open = true;
      part.hidden = Boolean(wanted) && !part.querySelector(".o:not(summary):not([hidden])");
    }
  };
  finder?.addEventListener("input", narrow);
  if (finder?.value) narrow(); // what was asked for stands first, not the columns on show
  if (location.hash === "#columns") {
    const menu = document.getElementById("columns-menu");
    if (menu) menu.open = true;
  }

  // ---- copy: the same file as the link beside the button, exactly what is shown ------------------
  for (const button of document.querySelectorAll("[data-copy-file]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const word = button.querySelector("span");
      try {
        const answer = await fetch(button.dataset.copyFile);
        if (!answer.ok) throw new Error(answer.status);
        await navigator.clipboard.writeText((await answer.text()).replace(/^\uFEFF/, ""));
        word.textContent = "Copied";
        setTimeout(() => { word.textContent = "Copy"; }, 1500);
      } catch { location.assign(button.dataset.copyFile); } // no clipboard here: then as a file
    });
  }

  // ---- live: rows change in their place, new ones are announced ----------------------------------
  const QUICK_MS = 5000, SLOW_MS = 30000, LONGEST_MS = 120000;
  const note = document.querySelector("[data-live-text]");
  const arrived = document.querySelector("[data-arrived]");
  const lost = document.querySelector("[data-lost]");
  let failures = 0, asked = Date.now(), known = Number(document.querySelector("[data-selection]")?.dataset.total || 0);

  const update = (row, fresh) => {
    let changed = false;
    const cells = [...row.cells], newer = [...fresh.cells];
    if (cells.length !== newer.length) return;
    cells.forEach((cell, place) => {
      if (place === 0 || cell.innerHTML === newer[place].innerHTML) return;
      // Times grow on every answer: that is no news.
      const text = cell.textContent.trim();
      const isClock = cell.querySelector("time") || /^\d+ (s|min|h|d|ms)\b/.test(text);
      if (!isClock && text !== newer[place].textContent.trim()) changed = true;
      if (!cell.contains(document.activeElement)) cell.innerHTML = newer[place].innerHTML;
    });
    if (!changed) return;
    row.classList.remove("updated");
    void row.offsetWidth; // so that the fade begins anew
    row.classList.add("updated");
  };
  const take = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("tbody");
    if (!fresh) return;
    body.dataset.version = fresh.dataset.version;
    const rows = [...fresh.rows];
    for (const row of rows) {
      const mine = document.getElementById(row.id);
      if (mine) update(mine, row);
    }
    const more = Number(fresh.dataset.total) - known;
    const order = [...body.rows].map((row) => row.id).filter((id) => rows.some((row) => row.id === id)).join();
    const newer = rows.map((row) => row.id).filter((id) => document.getElementById(id)).join();
    if (more > 0 || order !== newer) {
      arrived.hidden = false;
      arrived.querySelector("span").textContent =
        more > 0 ? `${more} new candidate${more === 1 ? "" : "s"}` : "The order has changed";
      arrived.querySelector("a").href = location.href;
      arrived.querySelector("a").textContent = more > 0 ? "Show" : "Sort again";
    }
    if (Number(fresh.dataset.live) === 0) delete body.dataset.isLive;
    else body.dataset.isLive = "";
  };
  const say = (text) => { if (note) note.textContent = text; };
  const live = note?.textContent;
  const poll = async () => {
    let wait = "isLive" in body.dataset ? QUICK_MS : SLOW_MS;
    if (!document.hidden) {
      try {
        const address = new URL(body.dataset.changes, location);
        address.searchParams.set("since", body.dataset.version);
        const answer = await fetch(address, { headers: { Accept: "text/html" } });
        if (answer.status === 200) take(await answer.text());
        else if (answer.status !== 204) throw new Error(answer.status);
        failures = 0;
        asked = Date.now();
        if (lost) lost.hidden = true;
      } catch {
        failures += 1;
        wait = Math.min(QUICK_MS * 2 ** failures, LONGEST_MS);
        say("Connection lost");
        if (lost) {
          const [ago, again] = [Date.now() - asked, wait].map((ms) => Math.round(ms / 1000));
          lost.textContent = `Connection lost: this is how it was ${ago} s ago. Asking again in ${again} s.`;
          lost.hidden = false;
        }
      }
    }
    setTimeout(poll, wait);
  };
  if (body && !("paused" in body.dataset)) {
    known = Number(body.dataset.total);
    setTimeout(poll, QUICK_MS);
    const age = () => Math.max(0, Math.round((Date.now() - asked) / 1000));
    if (live) setInterval(() => { if (!failures) say(`${live}, updated ${age()} s ago`); }, 1000);
  } else if (live) say(`${live}, paused`);

  // ---- keys -------------------------------------------------------------------------------------
  // Rows are walked through by their links, so that focus is always somewhere real.
  const isFirstOfRow = (link, place, every) =>
    every.findIndex((one) => one.closest("tr") === link.closest("tr")) === place;
  const links = () => [...body.querySelectorAll(".cand, .tog")].filter(isFirstOfRow);
  const here = () => document.activeElement?.closest("[data-rows] tr");
  const walk = (way) => {
    const rows = links(), place = rows.findIndex((link) => link.closest("tr") === here());
    const next = rows[place < 0 ? (way > 0 ? 0 : rows.length - 1) : Math.min(Math.max(place + way, 0), rows.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const box = () => here()?.querySelector(":is(.row-box, .group-box)");
  const press = (value) => {
    if (!checked().length) box()?.click();
    bar?.querySelector(value ? `button[value="${value}"]` : "[data-one]")?.click();
  };
  const keys = {
    j: () => walk(1), k: () => walk(-1),
    x: () => box()?.click(),
    X: () => box()?.dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: true })),
    c: () => press(""), b: () => press("baseline"),
    ".": () => document.querySelector("[data-pause]")?.click(),
  };
  document.addEventListener("tracker:key", (event) => {
    const arrows = here() && { ArrowDown: keys.j, ArrowUp: keys.k };
    const act = body && ((arrows || {})[event.detail] ?? keys[event.detail]);
    if (!act) return;
    event.preventDefault();
    act();
  });
})();
