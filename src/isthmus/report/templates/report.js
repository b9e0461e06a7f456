(function () {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  function themed(layout) {
    const css = getComputedStyle(document.documentElement);
    const ink = css.getPropertyValue("--ink").trim(), line = css.getPropertyValue("--line").trim();
    const clear = "rgba(0,0,0,0)";
    const result = Object.assign({}, layout, {
      paper_bgcolor: clear, plot_bgcolor: clear, autosize: true, font: { color: ink, size: 12, family: "system-ui, sans-serif" },
      hoverlabel: { align: "left", bgcolor: css.getPropertyValue("--paper").trim(), bordercolor: line, font: { color: ink } },
    });
    for (const key of Object.keys(result)) {
      if (/^[xy]axis/.test(key)) {
        result[key] = Object.assign({}, result[key], { gridcolor: line, zerolinecolor: ink, linecolor: line });
      }
    }
    return result;
  }
  function draw() {
    for (const source of document.querySelectorAll(".plot-data")) {
      const picture = JSON.parse(source.textContent);
      Plotly.react(source.dataset.target, picture.data, themed(picture.layout), { responsive: true, displaylogo: false, displayModeBar: false });
    }
  }
  draw();
  dark.addEventListener("change", draw);

  function value(row, column) {
    const cell = row.cells[column];
    if (cell.dataset.value === undefined) return cell.textContent;
    const text = cell.dataset.value;
    if (text === "nan") return NaN;
    return text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
  }
  function compared(x, y) {
    if (typeof x === "string") return x.localeCompare(y, "en", { numeric: true });
    return x - y || 0;
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const missing = (row) => Number.isNaN(value(row, column));
      const rows = [...table.tBodies[0].rows];
      rows.sort((x, y) => missing(x) - missing(y) || sign * compared(value(x, column), value(y, column)));
      table.tBodies[0].append(...rows);
    }));
  }
})();
