(function () {
  // What a picture says of the zone that is pointed at, or moved to by arrow keys. Names are set as text, never as markup.
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("role", "status");
  document.body.append(tip);
  const frame = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  frame.setAttribute("class", "here");

  function zones(drawing) {
    const found = [];
    for (const [lefts, tops, widths, heights, rows, columns, tips] of JSON.parse(drawing.dataset.zones)) {
      tops.forEach((y, i) => lefts.forEach((x, j) => found.push({
        x, y, width: widths[j] ?? widths, height: heights[i] ?? heights, columns: lefts.length,
        name: [rows[i], columns[j]].filter(Boolean).join(", "), words: tips[i][j],
      })));
    }
    return found;
  }
  function hide() {
    tip.hidden = true;
    frame.remove();
  }
  function show(drawing, zone) {
    for (const side of ["x", "y", "width", "height"]) frame.setAttribute(side, zone[side]);
    drawing.append(frame);
    const name = document.createElement("b");
    name.textContent = zone.name;
    tip.replaceChildren(name, "\n" + zone.words);
    tip.hidden = false;
    const at = frame.getBoundingClientRect(), room = document.documentElement;
    const below = at.bottom + 6 + tip.offsetHeight < room.clientHeight;
    tip.style.left = Math.max(4, Math.min(at.left, room.clientWidth - tip.offsetWidth - 4)) + scrollX + "px";
    tip.style.top = (below ? at.bottom + 6 : at.top - 6 - tip.offsetHeight) + scrollY + "px";
  }
  for (const drawing of document.querySelectorAll(".drawing[data-zones]")) {
    let known = null, here = -1;
    function go(to) {
      known = known || zones(drawing);
      if (to === here && !tip.hidden) return;
      here = to;
      if (to >= 0) show(drawing, known[to]); else hide();
    }
    function point(event) {
      known = known || zones(drawing);
      const box = drawing.getBoundingClientRect(), scale = drawing.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
      go(known.findIndex((zone) => x >= zone.x && x <= zone.x + zone.width && y >= zone.y && y <= zone.y + zone.height));
    }
    drawing.addEventListener("pointermove", point);
    drawing.addEventListener("pointerdown", point);
    drawing.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") go(-1); });
    drawing.addEventListener("blur", () => go(-1));
    drawing.addEventListener("keydown", (event) => {
      known = known || zones(drawing);
      const down = known[Math.max(here, 0)].columns;
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: down, ArrowUp: -down }[event.key];
      if (event.key === "Escape") go(-1);
      if (!step) return;
      event.preventDefault();
      const to = here < 0 ? 0 : here + step;
      if (to >= 0 && to < known.length) go(to);
    });
  }

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
