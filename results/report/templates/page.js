"use strict";
// Charts when they come into view, in the reader's theme; one language at a time; everything open and light in print.
const page = (() => {
  const root = document.documentElement;
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const read = (id, revive) => JSON.parse(document.getElementById(id).textContent, revive);
  const drawn = new Map(); // chart's element -> what vega-embed gave, or that it is on its way
  let printing = false;

  function theme() {
    if (printing) return "print";
    return root.dataset.theme === "auto" ? (prefersDark.matches ? "dark" : "light") : root.dataset.theme;
  }

  // Labels of axes leave most of a narrow chart to what is drawn.
  function shorten(chart) {
    const limit = Math.max(0.5 * Math.min(chart.clientWidth, 400), 0.42 * chart.clientWidth);
    return (key, value) => (key === "labelLimit" && value > limit ? limit : value);
  }

  function specOf(chart) {
    const spec = read(chart.dataset.spec, shorten(chart));
    if (chart.dataset.rows) {
      const rows = JSON.parse(chart.closest(".language").querySelector("script.rows").textContent)[chart.dataset.rows];
      if (!rows.length) return null;
      spec.datasets.rows = rows;
      (chart.dataset.rows === "curve" ? scaleToMagnitudes : scaleToIntervals)(spec, rows);
    }
    return spec;
  }

  // Corrected intervals may be very wide: those that go on beyond the plain ones are cut, the table has their ends.
  function scaleToIntervals(spec, rows) {
    const ends = rows.flatMap((row) => [row.ci_low, row.ci_high, row.delta]).filter((one) => one !== null);
    const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
    const margin = 0.2 * (high - low) || 1;
    for (const layer of spec.layer) {
      if (layer.encoding.x) layer.encoding.x.scale = { domain: [low - margin, high + margin] };
      layer.mark.clip = true;
    }
  }

  // Ticks at the magnitudes that were run; linear up to the smallest, then logarithmic.
  function scaleToMagnitudes(spec, rows) {
    const run = [...new Set(rows.filter((row) => row.measured).map((row) => row.magnitude))];
    const smallest = Math.min(...run.filter((one) => one > 0));
    for (const { x } of spec.layer.map((layer) => layer.encoding)) {
      if (!x || x.field !== "magnitude") continue;
      x.axis.values = run;
      if (Number.isFinite(smallest)) x.scale.constant = smallest;
    }
  }

  async function draw(chart) {
    const spec = specOf(chart);
    chart.classList.toggle("empty", spec === null);
    if (spec === null) return;
    const before = drawn.get(chart);
    const height = chart.offsetHeight;
    chart.style.minHeight = `${height}px`; // what is below stays where it is
    if (before) before.finalize();
    const config = { ...read("themes", shorten(chart))[theme()], aria: false };
    const options = {
      actions: false, ast: true, renderer: "svg", config,
      tooltip: { theme: theme() === "dark" ? "dark" : "light" },
    };
    try {
      const result = await vegaEmbed(chart, spec, options);
      drawn.set(chart, result);
      chart.dataset.drawn = theme();
      result.view.addEventListener("click", (_, item) => {
        const code = item && item.datum && item.datum.language;
        if (code && detail(code)) choose(code, true);
      });
      listenToLabels(chart);
      if (chart.scrollWidth > chart.clientWidth) chart.tabIndex = 0; // so that it can be scrolled by keys
    } catch (error) {
      chart.textContent = `This chart could not be drawn (${error.message}); the table below has its numbers.`;
      chart.classList.add("failed");
      console.error(error);
    } finally {
      chart.style.minHeight = "";
    }
  }

  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      observer.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "500px" });

  const details = () => [...document.querySelectorAll("section.language")];
  const detail = (code) => details().find((one) => one.dataset.code === code);

  function choose(code, scroll) {
    const chosen = detail(code) || details()[0];
    if (!chosen) return;
    for (const one of details()) one.hidden = one !== chosen;
    document.getElementById("language").value = chosen.dataset.code;
    for (const chart of chosen.querySelectorAll(".chart")) if (!drawn.has(chart)) observer.observe(chart);
    if (scroll) {
      const smooth = !matchMedia("(prefers-reduced-motion: reduce)").matches;
      const heading = chosen.querySelector("h3");
      heading.focus({ preventScroll: true });
      document.getElementById("languages").scrollIntoView({ behavior: smooth ? "smooth" : "auto" });
    }
  }

  // Names of languages along an axis open the language, too.
  function listenToLabels(chart) {
    const byName = new Map(details().flatMap((one) => {
      const name = one.querySelector("h3").textContent;
      return [[name, one.dataset.code], [one.dataset.code, one.dataset.code]];
    }));
    for (const text of chart.querySelectorAll(".role-axis-label text")) {
      const code = byName.get(text.textContent);
      if (!code || code === "macro") continue;
      text.style.cursor = "pointer";
      text.style.pointerEvents = "auto";
      text.addEventListener("click", () => choose(code, true));
    }
  }

  function redraw() {
    return Promise.all([...drawn.keys()].filter((chart) => chart.isConnected).map(draw));
  }

  function start() {
    const select = document.getElementById("language");
    if (select) {
      select.closest("p").hidden = false;
      choose((location.hash.match(/^#language=(.+)$/) || [])[1] || page.chosen || details()[0].dataset.code, false);
      select.addEventListener("change", () => choose(select.value, false));
    }
    const copy = document.getElementById("copy");
    copy.closest("p").hidden = false;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById("methods-text").textContent);
      document.getElementById("copied").textContent = "Copied.";
    });
    for (const chart of document.querySelectorAll("figure .chart")) if (!drawn.has(chart)) observer.observe(chart);
  }

  const closed = [];
  async function beforePrint() {
    printing = true;
    for (const one of document.querySelectorAll("details:not([open])")) {
      if (one.closest("[hidden]")) continue;
      one.open = true;
      closed.push(one);
    }
    const all = [...document.querySelectorAll(".chart")].filter((chart) => !chart.closest("[hidden]"));
    await Promise.all(all.map(draw));
  }
  function afterPrint() {
    printing = false;
    for (const one of closed.splice(0)) one.open = false;
    redraw();
  }

  addEventListener("beforeprint", beforePrint);
  addEventListener("afterprint", afterPrint);
  prefersDark.addEventListener("change", redraw);
  return { start, drawn, chosen: null };
})();
page.start();
