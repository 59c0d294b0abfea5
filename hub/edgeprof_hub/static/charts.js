// Draws the page's charts from the JSON beside them. The same figures stand in a table on the page.
"use strict";
(() => {
  const drawers = { comparison, strip, histogram };
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function drawAll() {
    for (const place of document.querySelectorAll(".chart")) {
      const data = JSON.parse(document.getElementById(place.dataset.from).textContent);
      const width = Math.max(280, Math.min(place.clientWidth, 1100));
      const options = drawers[place.dataset.chart](data, width);
      const figure = Plot.plot({ className: "plot", width, style: { background: "transparent", fontSize: "12px" }, ...options });
      // Plot brings a style element, which the page's policy refuses; its two rules are in edgeprof.css.
      for (const style of figure.querySelectorAll("style")) style.remove();
      place.replaceChildren(figure);
    }
  }

  function comparison(chart, width) {
    const narrow = width < 600;
    const clip = (text) => (text.length > (narrow ? 18 : 44) ? text.slice(0, narrow ? 17 : 43) + "…" : text);
    const names = new Map();
    for (const point of chart.points) names.set(point, `${point.label} — ${point.device}`);
    const rows = [...new Set(names.values())];
    const shown = new Map(chart.points.map((point) => [names.get(point), `${clip(point.label)}  ${clip(point.device)}`]));
    const ink = css("--ink"), quiet = css("--quiet"), ground = css("--ground");
    const name = (point) => names.get(point);
    return {
      height: 46 + rows.length * 22,
      marginLeft: narrow ? Math.min(200, width * 0.5) : 330,
      marginRight: 18,
      x: { type: chart.log ? "log" : "linear", zero: !chart.log, grid: true, label: `${chart.title}${chart.unit ? `, ${chart.unit}` : ""}`, ticks: narrow ? 3 : 8, tickFormat: chart.log ? "~g" : undefined },
      y: { domain: rows, label: null, tickFormat: (row) => shown.get(row), tickSize: 0 },
      marks: [
        Plot.ruleY(rows, { stroke: css("--line") }),
        Plot.ruleY(chart.points.filter((point) => point.low !== null && point.high !== null), { y: name, x1: "low", x2: "high", stroke: quiet, strokeWidth: 5, strokeOpacity: 0.55 }),
        Plot.dot(chart.points, { y: name, x: "value", r: 4, stroke: (point) => (point.emulated ? quiet : ink), strokeWidth: 1.5, fill: (point) => (point.emulated ? ground : ink), title: (point) => `${names.get(point)}: ${point.value}${chart.unit ? ` ${chart.unit}` : ""}${point.emulated ? " (emulated)" : ""}` }),
      ],
    };
  }

  function strip(samples, width) {
    const points = samples.values.map((value, index) => ({ run: index * samples.step + 1, value }));
    return {
      height: 180,
      marginLeft: 52,
      x: { label: "inference", ticks: width < 600 ? 4 : 10 },
      y: { label: samples.unit, grid: true, ticks: 5, zero: false },
      marks: [Plot.dot(points, { x: "run", y: "value", r: 1.6, fill: css("--link"), fillOpacity: 0.7 })],
    };
  }

  function histogram(samples, width) {
    return {
      height: 150,
      marginLeft: 52,
      x: { label: samples.unit, ticks: width < 600 ? 4 : 10 },
      y: { label: "inferences", grid: true, ticks: 4 },
      marks: [
        Plot.rectY(samples.values, Plot.binX({ y: "count" }, { x: (value) => value, thresholds: 40, fill: css("--link") })),
        Plot.ruleY([0], { stroke: css("--strong-line") }),
      ],
    };
  }

  let timer = 0;
  const drawSoon = () => { clearTimeout(timer); timer = setTimeout(drawAll, 150); };
  drawAll();
  window.addEventListener("resize", drawSoon);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  document.body.addEventListener("htmx:afterSwap", drawAll);
})();
