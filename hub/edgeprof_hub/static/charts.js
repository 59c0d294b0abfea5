// Draws the page's charts from the JSON next to them. A table on the page has the same values.
"use strict";
(() => {
  const drawers = { strip, histogram, lines, beside, costs, tornado };
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function drawAll() {
    for (const place of document.querySelectorAll(".chart")) {
      const data = JSON.parse(document.getElementById(place.dataset.from).textContent);
      const width = Math.max(280, Math.min(place.clientWidth, 1100));
      const options = drawers[place.dataset.chart](data, width);
      const figure = Plot.plot({ className: "plot", width, style: { background: "transparent", fontSize: "12px" }, ...options });
      // Plot brings a style element, which the page's policy refuses; its two rules are in edgeprof.css.
      for (const style of figure.querySelectorAll("style")) style.remove();
      // Its parts have labels without roles, which ARIA does not allow; the place as a whole is labelled.
      for (const part of figure.querySelectorAll("[aria-label]")) {
        part.dataset.mark = part.getAttribute("aria-label");
        part.removeAttribute("aria-label");
      }
      place.replaceChildren(figure, ...keysOf(data));
    }
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

  // Every sample of every run on one axis. Dots of one run are spread upright so that they do not hide each other.
  function beside(spread, width) {
    const names = spread.strips.map((strip) => strip.name);
    const points = spread.strips.flatMap((strip) => strip.values_ms.map((value, index) => ({ name: strip.name, value, lane: (index * 7) % 19 })));
    const medians = spread.strips.map((strip) => ({ name: strip.name, value: d3.median(strip.values_ms) }));
    return {
      height: 50 + names.length * 58,
      marginLeft: 12,
      marginRight: 20,
      x: { label: null, grid: true, inset: 8, ticks: width < 600 ? 4 : 8 },
      fy: { domain: names, label: null, axis: null, padding: 0.15 },
      y: { domain: [-6, 20], axis: null },
      marks: [
        Plot.dot(points, { fy: "name", x: "value", y: "lane", r: 1.8, fill: css("--link"), fillOpacity: 0.45 }),
        Plot.ruleX(medians, { fy: "name", x: "value", stroke: css("--ink"), strokeWidth: 1.6 }),
        Plot.text(names, { fy: (name) => name, text: (name) => name, frameAnchor: "bottom-left", textAnchor: "start", fill: css("--ink") }),
      ],
    };
  }

  // Edge and cloud over the daily volume, each with its band; told apart by dashes, too.
  function costs(chart, width) {
    const side = (name, index) => [
      Plot.areaY(chart.points, { x: "per_day", y1: `${name}_low`, y2: `${name}_high`, fill: stroke(index), fillOpacity: 0.18 }),
      Plot.line(chart.points, { x: "per_day", y: name, stroke: stroke(index), strokeWidth: 1.8, strokeDasharray: dash(index) }),
      Plot.text(chart.points.slice(-1), { x: "per_day", y: name, text: () => name, textAnchor: "end", dy: -8, fill: stroke(index) }),
    ];
    return {
      height: 260,
      marginLeft: 64,
      marginRight: 20,
      x: { type: "log", label: null, ticks: width < 600 ? 4 : 8, tickFormat: "~s", grid: true },
      y: { type: "log", label: null, ticks: 5, tickFormat: (value) => `$${Number(value.toPrecision(2))}`, grid: true },
      marks: [...side("edge", 0), ...side("cloud", 1), Plot.ruleX([chart.now], { stroke: css("--strong-line") })],
    };
  }

  function tornado(chart, width) {
    const names = chart.drivers.map((driver) => driver.name);
    const narrow = width < 600;
    const ends = chart.drivers.flatMap((driver) => [
      { name: driver.name, value: driver.ratio_at_low, text: driver.low },
      { name: driver.name, value: driver.ratio_at_high, text: driver.high },
    ]);
    return {
      height: 50 + names.length * (narrow ? 34 : 24),
      marginLeft: narrow ? 12 : 290,
      marginRight: 90,
      x: { type: "log", label: null, grid: true, ticks: narrow ? 3 : 6, tickFormat: "~g" },
      y: { domain: names, label: null, axis: narrow ? null : "left", tickSize: 0 },
      marks: [
        Plot.ruleY(chart.drivers, { y: "name", x1: "ratio_at_low", x2: "ratio_at_high", stroke: css("--link"), strokeWidth: 8, strokeOpacity: 0.6 }),
        Plot.text(ends, { y: "name", x: "value", text: "text", textAnchor: "start", dx: 6, fontSize: 10, filter: (end) => end.value === Math.max(...ends.filter((other) => other.name === end.name).map((other) => other.value)), fill: css("--quiet") }),
        Plot.ruleX([chart.ratio], { stroke: css("--ink") }),
        Plot.ruleX([1], { stroke: css("--bad"), strokeDasharray: "4 3" }),
        ...(narrow ? [Plot.text(names, { y: (name) => name, text: (name) => name, frameAnchor: "left", textAnchor: "start", dy: -11 })] : []),
      ],
    };
  }

  // All samples up to p99, with the median, and the peaks where there are two speeds.
  function histogram(series, width) {
    const { edges_ms: edges, counts, is_log: isLog, median_ms: median, modes_ms: modes } = series.histogram;
    const bars = counts.map((count, index) => ({ from: edges[index], to: edges[index + 1], count }));
    const isLate = (x) => (isLog ? Math.log(x / edges[0]) / Math.log(edges[edges.length - 1] / edges[0]) : (x - edges[0]) / (edges[edges.length - 1] - edges[0])) > 0.75;
    const names = (textAnchor) => Plot.text(modes.filter((x) => isLate(x) === (textAnchor === "end")), { x: (x) => x, text: (x) => `peak ${Number(x.toPrecision(3))}`, frameAnchor: "top", textAnchor, dx: textAnchor === "end" ? -4 : 4, dy: -16, fill: css("--bad") });
    return {
      height: 170,
      marginLeft: 52,
      marginTop: 18,
      x: { type: isLog ? "log" : "linear", label: null, ticks: width < 600 ? 4 : 10, tickFormat: isLog ? "~g" : undefined },
      y: { label: null, grid: true, ticks: 4 },
      marks: [
        Plot.rectY(bars, { x1: "from", x2: "to", y: "count", fill: css("--link"), fillOpacity: 0.8 }),
        Plot.ruleY([0], { stroke: css("--strong-line") }),
        Plot.ruleX([median], { stroke: css("--ink"), strokeWidth: 1.4 }),
        Plot.ruleX(modes, { stroke: css("--bad"), strokeDasharray: "4 3" }),
        names("start"),
        names("end"),
      ],
    };
  }

  const DASHES = ["", "6 3", "2 2"];
  const stroke = (index) => css(`--line-${(index % 6) + 1}`);
  const dash = (index) => DASHES[index % DASHES.length];

  function lines(chart, width) {
    const narrow = width < 600;
    const drawn = chart.lines.flatMap((line, index) => line.points.map((point) => ({ ...point, index, name: line.name })));
    const places = [...new Set(drawn.map((point) => point.x))].sort((a, b) => a - b);
    const ticks = chart.dots && places.length < 9 ? places : narrow ? 4 : 10;
    const middle = places.length ? (places[0] + places[places.length - 1]) / 2 : 0;
    const isLate = (rule) => rule.x > middle;
    const label = (point) => `${point.name ? `${point.name}: ` : ""}${point.y} ${chart.unit} at ${point.x}`;
    return {
      height: 190,
      marginLeft: 58,
      x: { type: chart.log_x ? "log" : "linear", label: null, ticks, tickFormat: (x) => x.toLocaleString("en"), inset: 6 },
      y: { label: null, grid: true, ticks: 5, zero: chart.from_zero, inset: 4 },
      marks: [
        ...chart.lines.map((line, index) => Plot.line(line.points, { x: "x", y: "y", stroke: stroke(index), strokeWidth: 1.6, strokeDasharray: dash(index) })),
        Plot.ruleX(drawn.filter((point) => point.low !== null && point.high !== null), { x: "x", y1: "low", y2: "high", stroke: (point) => stroke(point.index), strokeWidth: 5, strokeOpacity: 0.4 }),
        ...(chart.dots || drawn.length < 3 ? [Plot.dot(drawn, { x: "x", y: "y", r: drawn.length > 80 ? 1.5 : 3, fill: (point) => stroke(point.index), title: label })] : []),
        Plot.ruleX(chart.rules, { x: "x", stroke: css("--bad"), strokeDasharray: "4 3" }),
        // A label stands on the side of its line where the chart has room.
        ...["start", "end"].map((textAnchor) => Plot.text(chart.rules.filter((rule) => isLate(rule) === (textAnchor === "end")), { x: "x", text: "text", frameAnchor: "bottom", textAnchor, dx: textAnchor === "end" ? -4 : 4, dy: -4, fill: css("--bad") })),
      ],
    };
  }

  // Names each line by its colour and its dashes, where there are several.
  function keysOf(data) {
    if (!data.lines || data.lines.length < 2) return [];
    const keys = document.createElement("p");
    keys.className = "chart-keys";
    data.lines.forEach((line, index) => {
      const key = keys.appendChild(document.createElement("span"));
      const swatch = key.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
      const attributes = { width: 26, height: 8, "aria-hidden": "true" };
      for (const [name, value] of Object.entries(attributes)) swatch.setAttribute(name, value);
      const stripe = swatch.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "line"));
      const drawn = { x1: 0, x2: 26, y1: 4, y2: 4, stroke: stroke(index), "stroke-width": 2, "stroke-dasharray": dash(index) };
      for (const [name, value] of Object.entries(drawn)) stripe.setAttribute(name, value);
      key.append(line.name);
    });
    return [keys];
  }

  let timer = 0;
  const drawSoon = () => { clearTimeout(timer); timer = setTimeout(drawAll, 150); };
  drawAll();
  window.addEventListener("resize", drawSoon);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  document.body.addEventListener("htmx:afterSwap", drawAll);
})();
