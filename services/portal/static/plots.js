// Makes each small plot of results one that answers the pointer: the value and the day under it stand beside it. Without this they stay as drawn.
"use strict";

const language = document.documentElement.lang;
const number = new Intl.NumberFormat(language, { maximumFractionDigits: 3 });
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function enliven(holder) {
  const row = holder.closest("li");
  const value = row.querySelector("[data-value]");
  const time = row.querySelector("time");
  const before = [value.textContent, time.textContent];
  const data = JSON.parse(holder.dataset.plot);
  const told = (plot) => {
    const at = plot.cursor.idx;
    [value.textContent, time.textContent] = at === null || at === undefined
      ? before
      : [number.format(data[1][at]), day.format(new Date(data[0][at] * 1000))];
  };
  holder.classList.add("alive");
  return new uPlot({
    width: 160,
    height: 36,
    padding: [3, 3, 3, 3],
    legend: { show: false },
    axes: [{ show: false }, { show: false }],
    cursor: { y: false, drag: { setScale: false }, points: { size: 6 } },
    series: [{}, { stroke: colour("--accent"), width: 2, points: { show: false } }],
    hooks: { setCursor: [told] },
  }, data, holder);
}

let plots = [];

function draw() {
  for (const plot of plots) plot.destroy();
  plots = Array.from(document.querySelectorAll("[data-plot]"), enliven);
}

draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
