// What every page needs: links from the MLflow client, the theme, menus. Pages work without it.
(() => {
  "use strict";
  const root = document.documentElement;

  // ---- the client prints <tracking URI>/#/experiments/3/runs/<id>; no server sees the rest ----
  const forward = () => {
    const run = location.hash.match(/^#\/experiments\/\d+\/runs\/([0-9a-f]{32})/);
    const experiment = location.hash.match(/^#\/experiments\/(\d+)/);
    if (run) location.replace(`/r/${run[1]}/`);
    else if (experiment && document.body.dataset.trackingPage)
      location.replace(`${document.body.dataset.trackingPage}experiments/${experiment[1]}/`);
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

  // ---- copy buttons ---------------------------------------------------------------------------
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = button.dataset.copy
      ? document.getElementById(button.dataset.copy)
      : button.closest(".code").querySelector("pre");
    await navigator.clipboard.writeText(source.textContent.trim());
    const word = button.querySelector("span") ?? button;
    const before = word.textContent;
    word.textContent = "Copied";
    setTimeout(() => { word.textContent = before; }, 1500);
  });
})();
