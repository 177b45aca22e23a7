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

  // ---- "/" goes to the page's filter or search ------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const field = document.getElementById("q");
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  });

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
