// First run: ask for the newest candidate until there is one, then turn into a link to it.
(() => {
  "use strict";
  const box = document.querySelector("[data-newest]");
  if (!box) return;
  const EVERY_MS = 2000;
  const LATER_MS = 15000;
  let asked = 0;

  const line = (first, second) => {
    const text = document.createElement("p");
    const strong = document.createElement("b");
    strong.append(first);
    text.append(strong, second);
    return text;
  };
  const arrived = ({ number, name, experiment, url }) => {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = `#${number} ${name}`;
    box.querySelector("p").replaceWith(line(link, `It just arrived in ${experiment}.`));
    box.classList.add("arrived");
    for (const step of document.querySelectorAll(".steps > li")) step.className = "done";
    const address = new URL(box.dataset.newest, location);
    address.searchParams.set("since", number);
    box.dataset.newest = address.pathname + address.search;
  };
  const ask = async () => {
    asked += 1;
    if (!document.hidden) {
      try {
        const answer = await fetch(box.dataset.newest, { headers: { Accept: "application/json" } });
        if (answer.status === 200) arrived(await answer.json());
      } catch { /* the server is away for a moment; ask again */ }
    }
    setTimeout(ask, asked < 150 ? EVERY_MS : LATER_MS);
  };
  setTimeout(ask, EVERY_MS);
})();
