// Compare: choices take effect at once. Without it each form has a button of its own.
(() => {
  "use strict";
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  // Two pictures over each other, and a slider that uncovers the one behind.
  const range = document.querySelector("[data-swipe-range]");
  const box = document.querySelector("[data-swipe]");
  if (range && box) {
    const cut = () => box.style.setProperty("--cut", `${range.value}%`);
    range.addEventListener("input", cut);
    box.addEventListener("pointermove", (event) => {
      if (!event.buttons && event.pointerType !== "mouse") return;
      const { left, width } = box.getBoundingClientRect();
      range.value = String(Math.round(Math.max(0, Math.min(1, (event.clientX - left) / width)) * 100));
      cut();
    });
    cut();
  }
})();
