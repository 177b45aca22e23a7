// A page about something that changes by itself: asks whether it has, and takes over what is new.
//
// The page is drawn by the server again and laid over this one, node by node: what is equal
// stays untouched, so focus, scrolling, open menus and half-written fields survive. Charts
// fetch their own data. Without it the page shows what was true when it was loaded.
(() => {
  "use strict";
  const mark = document.querySelector("[data-follow]");
  if (!mark) return;

  const QUICK_MS = 5000, SLOW_MS = 30_000, LONGEST_MS = 120_000;
  // What a reader or a script has set, and the server does not know about.
  const THEIRS = new Set(["open", "hidden", "aria-pressed", "aria-expanded", "aria-checked", "style"]);
  const isKept = (node) => node.nodeType === Node.ELEMENT_NODE
    && (node.matches("[data-toasts], dialog, form:focus-within")
      || (node.matches("form") && [...node.elements].some(isEdited)));
  const isEdited = (field) => field.matches("textarea, input:not([type=hidden])")
    && (field.matches("[type=checkbox], [type=radio]") ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);

  // ---- laying one tree over another -------------------------------------------------------------
  const nameOf = (node) => node.nodeType === Node.ELEMENT_NODE
    ? node.id || node.dataset.row || node.getAttribute("href")
      || node.querySelector(":scope > a[href]")?.getAttribute("href") || ""
    : "";
  const isAlike = (old, fresh) => old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName
    && nameOf(old) === nameOf(fresh);

  const lay = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    if (isKept(old) || old.isEqualNode(fresh)) return;
    if (old.matches("[data-chart]")) { // it draws itself; only another one takes its place
      if (old.dataset.chart !== fresh.dataset.chart) old.replaceWith(document.importNode(fresh, true));
      return;
    }
    for (const { name, value } of [...fresh.attributes])
      if (!THEIRS.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const { name } of [...old.attributes])
      if (!THEIRS.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    layChildren(old, fresh);
  };

  const layChildren = (old, fresh) => {
    let here = old.firstChild;
    for (const wanted of [...fresh.childNodes]) {
      let found = here;
      while (found && !isAlike(found, wanted)) found = found.nextSibling;
      if (!found) {
        old.insertBefore(document.importNode(wanted, true), here);
        continue;
      }
      while (here !== found) { // these are gone, unless somebody is in them
        const next = here.nextSibling;
        if (!here.contains(document.activeElement)) here.remove();
        here = next;
      }
      here = found.nextSibling;
      lay(found, wanted);
    }
    while (here) {
      const next = here.nextSibling;
      if (!here.contains(document.activeElement)) here.remove();
      here = next;
    }
  };

  const take = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.status === 404 || answer.status === 410) return location.reload(); // deleted meanwhile
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const sheet = [...fresh.querySelectorAll("script[src]")].map((one) => one.getAttribute("src"));
    const isNew = sheet.some((src) => !document.querySelector(`script[src="${CSS.escape(src)}"]`));
    // The first curve needs scripts that this page came without.
    if (isNew && !document.querySelector(":is(input, textarea):focus")) return location.reload();
    const main = document.getElementById("content"), newer = fresh.getElementById("content");
    const kind = main.querySelector(".head .state");
    const before = kind?.textContent.trim();
    layChildren(main, newer);
    document.title = fresh.title;
    const after = main.querySelector(".head .state")?.textContent.trim();
    if (after && after.replace(/\d.*/, "") !== before?.replace(/\d.*/, "")) tell(`Now ${after}`);
    document.dispatchEvent(new CustomEvent("tracker:changed"));
  };

  // ---- asking -----------------------------------------------------------------------------------
  const said = document.createElement("p"); // for who does not see it
  said.className = "sr";
  said.setAttribute("role", "status");
  document.body.append(said);
  const tell = (text) => { said.textContent = text; };
  const note = () => document.querySelector("[data-live-text]");
  let failures = 0, asked = Date.now(), waits = 0;

  const poll = async () => {
    const here = document.querySelector("[data-follow]");
    let wait = "live" in here.dataset ? QUICK_MS : SLOW_MS;
    if (!document.hidden) {
      try {
        const address = new URL(here.dataset.follow, location);
        address.searchParams.set("since", here.dataset.version);
        const answer = await fetch(address);
        if (answer.status === 200) await take();
        else if (answer.status === 404 || answer.status === 410) return location.reload();
        else if (answer.status !== 204) throw new Error(answer.status);
        failures = 0;
        asked = Date.now();
      } catch {
        failures += 1;
        wait = Math.min(QUICK_MS * 2 ** failures, LONGEST_MS);
        waits = Date.now() + wait;
      }
    }
    setTimeout(poll, wait);
  };
  const age = () => {
    const box = note();
    if (!box) return;
    const seconds = Math.max(0, Math.round((Date.now() - asked) / 1000));
    box.textContent = failures
      ? `Connection lost, asking again in ${Math.max(0, Math.ceil((waits - Date.now()) / 1000))} s`
      : "silent" in box.dataset ? `Looked at ${seconds} s ago` : `${box.dataset.liveText || "Live"}, updated ${seconds} s ago`;
  };
  if ("paused" in mark.dataset) {
    if (note()) note().textContent = note().dataset.liveText ? `${note().dataset.liveText}, paused` : "Paused";
  } else {
    setTimeout(poll, QUICK_MS);
    setInterval(age, 1000);
    // Back from another tab: not five seconds more of what was true before.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && Date.now() - asked > QUICK_MS) take().then(() => { asked = Date.now(); }, () => {});
    });
  }

  document.addEventListener("tracker:key", (event) => {
    const pause = event.detail === "." && document.querySelector("[data-pause]");
    if (!pause) return;
    event.preventDefault();
    pause.click();
  });
})();
