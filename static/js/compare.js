// Compare: choices take effect at once. Without it each form has a button of its own.
(() => {
  "use strict";
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
})();
