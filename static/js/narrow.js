// A filter box narrows what is on the page while one types; Enter asks the server for all of it.
(() => {
  "use strict";
  document.addEventListener("input", (event) => {
    const list = event.target.dataset.narrow && document.getElementById(event.target.dataset.narrow);
    if (!list) return;
    const wanted = event.target.value.trim().toLowerCase();
    for (const row of list.querySelectorAll("[data-row]"))
      row.hidden = !(row.dataset.row || row.textContent).toLowerCase().includes(wanted);
  });
})();
