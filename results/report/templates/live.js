"use strict";
// Asks now and then whether there is a newer page, and puts its content in the place of this one's: what is open stays
// open, the chosen language chosen, and the reader where they were.
(() => {
  const EVERY_MS = 2000, PATIENCE_MS = 10000;
  const say = (text) => { document.getElementById("live").textContent = text; };

  const ask = (path) => fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });

  function replace(fresh) {
    const open = [...document.querySelectorAll("details[open][id]")].map((one) => one.id);
    const focused = document.activeElement && document.activeElement.id;
    const select = document.getElementById("language");
    page.chosen = select && select.value;
    const place = scrollY;
    const heights = new Map([...document.querySelectorAll(".chart[id]")].map((one) => [one.id, one.offsetHeight]));
    const specs = new Map([...document.querySelectorAll("figure .chart[id]")].map((one) =>
      [one.id, [one, document.getElementById(one.dataset.spec).textContent]]));
    for (const part of ["main", "header"]) document.querySelector(part).replaceWith(fresh.querySelector(part));
    document.title = fresh.title;
    document.body.dataset.digest = fresh.body.dataset.digest;
    for (const id of open) {
      const one = document.getElementById(id);
      if (one) one.open = true;
    }
    for (const chart of document.querySelectorAll("figure .chart[id]")) {
      const [old, spec] = specs.get(chart.id) || [];
      if (old && page.drawn.has(old) && spec === document.getElementById(chart.dataset.spec).textContent) {
        chart.replaceWith(old); // nothing new in it
      } else if (heights.has(chart.id)) {
        chart.style.minHeight = `${heights.get(chart.id)}px`;
      }
    }
    for (const chart of page.drawn.keys()) {
      if (chart.isConnected) continue;
      page.drawn.get(chart).finalize();
      page.drawn.delete(chart);
    }
    page.start();
    if (focused && document.getElementById(focused)) document.getElementById(focused).focus({ preventScroll: true });
    scrollTo({ top: place, behavior: "instant" });
  }

  async function look() {
    try {
      const state = await (await ask("state")).json();
      if (state.digest !== document.body.dataset.digest) {
        const text = await (await ask("./")).text();
        replace(new DOMParser().parseFromString(text, "text/html"));
      }
      say(state.problem ? `Live, but not up to date: ${state.problem}` : "Live: this page renews itself when the sweep has something new.");
    } catch (error) {
      say(`Not live: the server does not answer (${error.message}). The page is as of the time above.`);
    }
    setTimeout(look, EVERY_MS);
  }
  setTimeout(look, EVERY_MS);
})();
