// A file: pictures step by step, keys to its neighbours, and figures that a script has logged.
(() => {
  "use strict";

  // ---- a slider over the steps of a picture; without it there are links to the neighbours ----------
  const slide = (range) => {
    const steps = JSON.parse(document.getElementById("steps").textContent);
    const picture = document.querySelector(".shown .picture"), label = document.querySelector("[data-step]");
    const at = () => steps[Number(range.value)];
    range.closest("[hidden]")?.removeAttribute("hidden");
    range.addEventListener("input", () => {
      picture.src = at().image;
      picture.closest("a").href = at().image;
      range.setAttribute("aria-valuetext", `step ${at().step}`);
      label.textContent = `step ${at().step}`;
    });
    // The rest of the page speaks of one file: it comes when the slider rests.
    range.addEventListener("change", () => location.assign(at().url));
  };
  const range = document.querySelector("[data-steps]");
  if (range) slide(range);

  document.addEventListener("tracker:key", (event) => {
    const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.detail];
    const link = rel && document.querySelector(`a[rel="${rel}"]`);
    if (!link) return;
    event.preventDefault();
    link.click();
  });

  // ---- a Plotly figure as JSON: drawn by our own Plotly, which runs nothing of it --------------------
  const draw = (box) => {
    const { data, layout } = JSON.parse(document.getElementById(box.dataset.figure || "figure").textContent);
    // What a file says about the page around it is not followed: no size, no foreign images.
    const { width, height, images, updatemenus, sliders, ...rest } = layout ?? {};
    Plotly.newPlot(box, data, { ...rest, autosize: true }, { displayModeBar: false, responsive: true })
      .catch(() => { box.textContent = "This figure cannot be drawn."; });
  };
  if (window.Plotly) document.querySelectorAll("[data-figure]").forEach(draw);
})();
