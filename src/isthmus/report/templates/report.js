(function () {
  // What a picture says of the zone that is pointed at, or moved to by arrow keys. Names are set as text, never as markup.
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("role", "status");
  document.body.append(tip);
  const frame = rectangle("here"), known = new WeakMap();
  let drawing = null, here = -1;

  function rectangle(name) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    made.setAttribute("class", name);
    return made;
  }
  function zones(of) {
    if (known.has(of)) return known.get(of);
    const found = [];
    for (const [lefts, tops, widths, heights, rows, columns, tips] of JSON.parse(of.dataset.zones)) {
      tops.forEach((y, i) => lefts.forEach((x, j) => found.push({
        x, y, width: widths[j] ?? widths, height: heights[i] ?? heights, columns: lefts.length,
        row: rows[i], column: columns[j], name: [rows[i], columns[j]].filter(Boolean).join(", "), words: tips[i][j],
      })));
    }
    known.set(of, found);
    return found;
  }
  function put(box, zone, on) {
    for (const side of ["x", "y", "width", "height"]) box.setAttribute(side, zone[side]);
    on.append(box);
  }
  function show(zone) {
    put(frame, zone, drawing);
    const name = document.createElement("b");
    name.textContent = zone.name;
    tip.replaceChildren(name, "\n" + zone.words);
    tip.hidden = false;
    const at = frame.getBoundingClientRect(), room = document.documentElement;
    const below = at.bottom + 6 + tip.offsetHeight < room.clientHeight;
    tip.style.left = Math.max(4, Math.min(at.left, room.clientWidth - tip.offsetWidth - 4)) + scrollX + "px";
    tip.style.top = (below ? at.bottom + 6 : at.top - 6 - tip.offsetHeight) + scrollY + "px";
  }
  function go(on, to) {
    if (on === drawing && to === here && !tip.hidden) return;
    drawing = on;
    here = to;
    if (to >= 0) return show(zones(on)[to]);
    tip.hidden = true;
    frame.remove();
  }
  function under(event) {
    const on = event.target.closest && event.target.closest(".drawing[data-zones]");
    if (!on) return [null, -1];
    const box = on.getBoundingClientRect(), scale = on.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
    return [on, zones(on).findIndex(
      (zone) => x >= zone.x && x <= zone.x + zone.width && y >= zone.y && y <= zone.y + zone.height)];
  }
  function choose(on, to) {
    if (to >= 0) on.dispatchEvent(new CustomEvent("choose", { bubbles: true, detail: zones(on)[to] }));
  }
  for (const kind of ["pointermove", "pointerdown"]) document.addEventListener(kind, (event) => {
    const [on, to] = under(event);
    if (on || event.pointerType === "mouse") go(on, to);
  });
  document.documentElement.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") go(null, -1); });
  document.addEventListener("focusout", () => go(null, -1));
  document.addEventListener("click", (event) => choose(...under(event)));
  document.addEventListener("keydown", (event) => {
    const on = event.target.closest && event.target.closest(".drawing[data-zones]");
    if (!on) return;
    const all = zones(on), from = on === drawing ? here : -1, down = all[Math.max(from, 0)].columns;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: down, ArrowUp: -down }[event.key];
    if (event.key === "Escape") go(on, -1);
    if (event.key === "Enter") choose(on, from);
    if (!step) return;
    event.preventDefault();
    const to = from < 0 ? 0 : from + step;
    if (to >= 0 && to < all.length) go(on, to);
  });
  // A page that knows what is chosen has it outlined.
  document.addEventListener("mark", (event) => {
    for (const old of event.target.querySelectorAll(".chosen")) old.remove();
    const { row, column } = event.detail;
    const zone = zones(event.target).find((one) => one.row === row && one.column === column);
    if (zone) for (const name of ["chosen", "chosen inner"]) put(rectangle(name), zone, event.target);
  });

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
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("table.sortable thead button");
    if (!button) return;
    const head = button.closest("th"), table = head.closest("table"), column = head.cellIndex;
    const sign = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const missing = (row) => Number.isNaN(value(row, column));
    const rows = [...table.tBodies[0].rows];
    rows.sort((x, y) => missing(x) - missing(y) || sign * compared(value(x, column), value(y, column)));
    table.tBodies[0].append(...rows);
  });
})();
