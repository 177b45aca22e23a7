// What every page needs: links from the MLflow client, the theme, menus. Pages work without it.
(() => {
  "use strict";
  const root = document.documentElement;

  // ---- the client prints <tracking URI>/#/experiments/3/runs/<id>; no server sees the rest ----
  const forward = () => {
    const model = location.hash.match(/^#\/experiments\/\d+\/models\/(m-[0-9a-f]{32})/);
    const run = location.hash.match(/^#\/experiments\/\d+\/runs\/([0-9a-f]{32})/);
    const experiment = location.hash.match(/^#\/experiments\/(\d+)/);
    const page = document.body.dataset.trackingPage;
    if (run ?? model) location.replace(`/r/${(run ?? model)[1]}/`);
    else if (experiment && page) location.replace(`${page}experiments/${experiment[1]}/`);
  };
  forward();
  addEventListener("hashchange", forward);

  // ---- theme: a cookie, so that the server renders the right one at once ----------------------
  document.addEventListener("change", (event) => {
    if (event.target.name !== "theme") return;
    const theme = event.target.value;
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    document.dispatchEvent(new CustomEvent("tracker:theme"));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    document.dispatchEvent(new CustomEvent("tracker:theme")));

  // ---- of tabs that do not fit, the open one is in sight --------------------------------------
  document.addEventListener("DOMContentLoaded", () => {
    for (const open of document.querySelectorAll(".tabs > [aria-current]")) {
      const tabs = open.parentElement;
      tabs.scrollLeft = open.offsetLeft - (tabs.clientWidth - open.offsetWidth) / 2;
    }
  });

  // ---- menus: Escape and a click elsewhere close them -----------------------------------------
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]"))
      if (!except || !menu.contains(except)) menu.open = false;
  };
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.menu[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });

  // ---- forms that apply a change at once; without script they have a button -------------------
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  // ---- keys: only while no field has focus, and not at all for who switched them off -----------
  const help = document.getElementById("keys");
  const go = { h: "home", p: "project", e: "experiments", m: "models" };
  const press = (key) => [...document.querySelectorAll(`[data-key="${key}"]`)].find((one) => one.checkVisibility())?.click();
  const field = () => {
    const found = document.getElementById("q");
    found?.focus();
    found?.select();
    return Boolean(found);
  };
  const plain = {
    "/": field, f: field,
    "?": () => { help?.showModal(); return Boolean(help); },
    d: () => press("d"), u: () => press("u"),
    r: () => location.reload(),
  };
  let begun = 0; // when "g" was pressed
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog")) return;
    if (root.dataset.keys === "off" && event.key !== "?") return;
    if (Date.now() - begun < 1500 && go[event.key]) {
      begun = 0;
      const link = document.querySelector(`[data-go="${go[event.key]}"]`);
      if (link) { event.preventDefault(); location.assign(link.href); }
      return;
    }
    begun = event.key === "g" ? Date.now() : 0;
    const act = plain[event.key];
    if (act) {
      if (act() !== false) event.preventDefault();
      return;
    }
    // What the page itself knows about: rows, charts, files.
    const asked = new CustomEvent("tracker:key", { detail: event.key, cancelable: true });
    document.dispatchEvent(asked);
    if (asked.defaultPrevented) event.preventDefault();
  });
  help?.addEventListener("click", (event) => {
    if (event.target === help || event.target.closest("[data-close-dialog]")) help.close();
  });
  const keySwitch = help?.querySelector("[data-keys-switch]");
  const showKeys = () => keySwitch?.setAttribute("aria-checked", root.dataset.keys !== "off");
  showKeys();
  keySwitch?.addEventListener("click", () => {
    root.dataset.keys = root.dataset.keys === "off" ? "on" : "off";
    document.cookie = `keys=${root.dataset.keys}; path=/; max-age=31536000; samesite=lax`;
    showKeys();
  });

  // ---- toasts: eight seconds, thirty with Undo, longer while somebody is at them; errors stay -----
  for (const toast of document.querySelectorAll("[data-toast]")) {
    const close = toast.querySelector("[data-close]");
    close.hidden = false;
    close.addEventListener("click", () => toast.remove());
    if (toast.classList.contains("error") || toast.classList.contains("warning")) continue;
    let left = toast.querySelector("form") ? 30 : 8;
    const clock = setInterval(() => {
      if (toast.matches(":hover, :focus-within")) return;
      left -= 1;
      if (left > 0) return;
      clearInterval(clock);
      toast.remove();
    }, 1000);
  }

  // ---- copy buttons ---------------------------------------------------------------------------
  const copied = async (source) => {
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      return true;
    } catch {
      // Plain http elsewhere than on this machine has no clipboard: select, so that a key does it.
      getSelection().selectAllChildren(source);
      return false;
    }
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = button.dataset.copy
      ? document.getElementById(button.dataset.copy)
      : button.closest(".code").querySelector("pre");
    const done = await copied(source);
    const word = button.querySelector("span") ?? button;
    const before = word.textContent;
    word.textContent = done ? "Copied" : "Press Ctrl C";
    setTimeout(() => { word.textContent = before; }, 1500);
  });
})();
