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
    const clip = (text, size) => (text.length > size ? `${text.slice(0, size - 1)}…` : text);
    const name = (point) => `${point.label} on ${point.device}`;
    const rows = [...new Set(chart.points.map(name))];
    const tick = new Map(chart.points.map((point) => [name(point), `${clip(point.label, 32)}  ${clip(point.device, 20)}`]));
    const text = (row) => tick.get(row);
    const unit = chart.unit ? ` ${chart.unit}` : "";
    const ink = css("--ink"), quiet = css("--quiet"), ground = css("--ground");
    // On a narrow screen a row's name stands above its line instead of beside it.
    const names = narrow ? [Plot.text(rows, { y: (row) => row, text, frameAnchor: "left", textAnchor: "start", dy: -10 })] : [];
    return {
      height: 40 + rows.length * (narrow ? 36 : 22),
      marginLeft: narrow ? 12 : 350,
      marginRight: 20,
      x: { type: chart.log ? "log" : "linear", zero: !chart.log, nice: !chart.log, inset: 8, grid: true, label: null, ticks: narrow ? 4 : 8, tickFormat: chart.log ? "~g" : undefined },
      y: { domain: rows, label: null, axis: narrow ? null : "left", tickFormat: text, tickSize: 0 },
      marks: [
        Plot.ruleY(rows, { stroke: css("--line") }),
        Plot.ruleY(chart.points.filter((point) => point.low !== null && point.high !== null), { y: name, x1: "low", x2: "high", stroke: quiet, strokeWidth: 5, strokeOpacity: 0.55 }),
        Plot.dot(chart.points, { y: name, x: "value", r: 4, stroke: (point) => (point.emulated ? quiet : ink), strokeWidth: 1.5, fill: (point) => (point.emulated ? ground : ink), title: (point) => `${name(point)}: ${point.value}${unit}${point.emulated ? " (emulated)" : ""}` }),
        ...names,
      ],
    };
  }

  function strip(series, width) {
    const points = series.values_ms.map((value, index) => ({ run: index * series.step + 1, value }));
    return {
      height: 180,
      marginLeft: 52,
      x: { label: null, ticks: Math.min(points.length, width < 600 ? 4 : 10), tickFormat: "d", inset: 6 },
      y: { label: null, grid: true, ticks: 5, zero: false, inset: 6 },
      marks: [Plot.dot(points, { x: "run", y: "value", r: points.length < 60 ? 3 : 1.6, fill: css("--link"), fillOpacity: 0.7 })],
    };
  }

  function histogram(series, width) {
    return {
      height: 150,
      marginLeft: 52,
      x: { label: null, ticks: width < 600 ? 4 : 10 },
      y: { label: null, grid: true, ticks: 4 },
      marks: [
        Plot.rectY(series.values_ms, Plot.binX({ y: "count" }, { x: (value) => value, thresholds: 40, fill: css("--link") })),
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
