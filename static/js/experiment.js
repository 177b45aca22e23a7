// The candidates table: choosing rows, submitting a changed filter at once, finding columns.
// Without it the same form sends the same address, only longer.
(() => {
  "use strict";
  const bar = document.querySelector("[data-selection]");
  const boxes = [...document.querySelectorAll(".row-box")];
  const pageBox = document.querySelector("[data-page]");

  // ---- selection --------------------------------------------------------------------------------
  // 12,14,15,16 is written 12,14-16: an address to read and to send.
  const ranges = (numbers) => {
    const parts = [];
    for (const number of [...numbers].sort((a, b) => a - b)) {
      const last = parts.at(-1);
      if (last && number === last[1] + 1) last[1] = number;
      else parts.push([number, number]);
    }
    return parts.map(([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from},${to}` : `${from}-${to}`)).join(",");
  };
  const chosen = () => boxes.filter((box) => box.checked);
  const show = () => {
    const number = chosen().length;
    for (const box of boxes) box.closest("tr").setAttribute("aria-selected", box.checked);
    bar.querySelector("[data-count]").textContent = `${number} selected`;
    pageBox.checked = number === boxes.length;
    pageBox.indeterminate = number > 0 && number < boxes.length;
  };
  const choose = (wanted, on) => {
    for (const box of wanted) box.checked = on;
    show();
  };

  if (bar) {
    pageBox.hidden = false;
    bar.querySelector("[data-clear]").hidden = false;
    pageBox.addEventListener("change", () => choose(boxes, pageBox.checked));
    let anchor = null;
    const reach = (box, on, isRange) => {
      if (isRange && anchor) {
        const [from, to] = [boxes.indexOf(anchor), boxes.indexOf(box)].sort((a, b) => a - b);
        choose(boxes.slice(from, to + 1), on);
      } else choose([box], on);
      anchor = box;
    };
    for (const box of boxes) {
      box.addEventListener("click", (event) => reach(box, box.checked, event.shiftKey));
      box.closest("tr").addEventListener("click", (event) => {
        if (event.target.closest("a, input, button") || getSelection().toString()) return;
        reach(box, !box.checked, event.shiftKey);
      });
    }
    bar.addEventListener("reset", (event) => { event.preventDefault(); choose(boxes, false); });
    bar.addEventListener("submit", (event) => {
      event.preventDefault();
      const numbers = chosen().map((box) => Number(box.value));
      if (numbers.length) location.assign(`${bar.action}?c=${ranges(numbers)}`);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && chosen().length) choose(boxes, false);
    });
    addEventListener("pageshow", show);
    show();
  }

  // ---- columns: narrow the list while typing; Enter asks the server, which knows more -----------
  const finder = document.querySelector("[data-narrows]");
  finder?.addEventListener("input", () => {
    const wanted = finder.value.toLowerCase();
    for (const choice of document.querySelectorAll("#columns label.o"))
      choice.hidden = !choice.textContent.toLowerCase().includes(wanted);
  });
})();
