(function () {
  // Chooses, and puts views together from parts that the server draws or the page carries.
  const form = document.querySelector("form.explore");
  const members = JSON.parse(document.getElementById("members").textContent);
  const panes = document.querySelector(".panes"), absent = document.querySelector(".absent");
  const model = panes.querySelector(".pane").cloneNode(true);
  model.querySelector(".again").remove();
  const choices = ["split", "value", "alpha", "host", "sweep", "layer"], kept = new Map();
  let turn = 0, unpacked = null;

  function part(key) {
    if (!kept.has(key)) kept.set(key, (form.dataset.served ? asked(key) : carried(key)).then(content));
    return kept.get(key).then((made) => made.cloneNode(true));
  }
  function content(text) {
    const box = document.createElement("template");
    box.innerHTML = text;
    return box.content;
  }
  async function carried(key) {
    unpacked ??= unpack(document.getElementById("packed").textContent);
    const found = (await unpacked)[key];
    if (found === undefined) throw new Error("This page does not carry that.");
    return found;
  }
  async function unpack(text) {
    if (!self.DecompressionStream) throw new Error("This browser is too old for the other views that the page carries.");
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
  }
  async function asked(key) {
    const answer = await fetch("part?" + key).catch(() => null);
    if (!answer || !answer.ok) {
      kept.delete(key);
      throw new Error(answer ? "The server has no such part." : "isthmus explore has ended: start it again.");
    }
    return answer.text();
  }
  // Words in capitals are replaced in one go, so that no piece is taken for a word (lines.py does the same).
  const filled = (pattern, pieces) => pattern.replace(new RegExp(Object.keys(pieces).join("|"), "g"), (word) => pieces[word]);
  const field = (name) => form.elements.namedItem(name);

  // Pairs and steps of the run that is chosen; the label stays where the run has it.
  function offer(side, name, labels) {
    const select = field((side ? "beside-" : "") + name), before = select.value;
    select.replaceChildren(...labels.map((label) => new Option(label, label)));
    if (labels.includes(before)) select.value = before;
    else select.selectedIndex = name === "step" ? labels.length - 1 : 0;
    select.closest("label").hidden = labels.length < 2 && !labels[0];
  }
  function member(side) {
    const run = field(side ? "beside" : "run").value;
    const all = run === "" ? [] : members.filter((one) => one.run === Number(run));
    offer(side, "pair", [...new Set(all.map((one) => one.pair))]);
    const pair = field(side ? "beside-pair" : "pair").value, of = all.filter((one) => one.pair === pair);
    offer(side, "step", [...new Set(of.map((one) => one.step))]);
    const step = field(side ? "beside-step" : "step").value;
    return of.find((one) => one.step === step);
  }
  // The options of a member in the place of those that were there; what was chosen stays where it is there.
  function choose(select, made) {
    const before = select.value, first = made.selectedIndex;
    select.replaceChildren(...made.options);
    select.selectedIndex = first;
    if ([...select.options].some((option) => option.value === before)) select.value = before;
  }
  function withinSweep(layer, sweep) {
    const inside = (option) => option.dataset.sweeps.split(" ").includes(sweep.selectedOptions[0].dataset.place);
    for (const option of layer.options) option.hidden = option.disabled = !inside(option);
    const there = [...layer.options].filter((option) => !option.disabled);
    if (layer.selectedOptions[0].disabled) there[Math.min(1, there.length - 1)].selected = true;
  }
  // The options of one member that are chosen in the form; the first of its own where it lacks them.
  function chosen(controls) {
    const found = {}, missing = [];
    for (const name of choices) {
      const select = controls.querySelector(`[name=${name}]`), wanted = field(name).value;
      const same = [...select.options].find((option) => option.value === wanted);
      if (!same && wanted) missing.push(field(name).selectedOptions[0].textContent);
      found[name] = same || select.selectedOptions[0];
    }
    return [found, missing];
  }
  function pythonOf(found, run) {
    const data = found.value.dataset, rise = data.known && found.alpha.dataset.rise;
    const pieces = { RISE: rise, HOST: found.host.value, ALPHA: found.alpha.value };
    const where = choices.map((name) => found[name].dataset.select).filter(Boolean).join(", ");
    return filled(form.dataset.python, { RUN: run, NUMBER: filled(rise ? data.known : data.any, pieces), WHERE: where });
  }
  async function show(pane, one, mine) {
    const controls = (await part(`${one.number}-controls`)).querySelector(".choices");
    const [found, missing] = chosen(controls), place = (name) => found[name].dataset.place;
    const alpha = found.value.dataset.along ? place("alpha") : 0;
    const keys = {
      map: `${one.number}-map-${place("split")}-${place("value")}-${alpha}-${place("sweep")}`,
      layer: `${one.number}-layer-${place("split")}-${found.value.dataset.quantity}-${place("host")}-${place("layer")}`,
      said: `${one.number}-said-${place("split")}`,
      table: `${one.number}-table-${place("split")}`,
    };
    const boxes = Object.keys(keys).map((kind) => pane.querySelector("." + kind));
    const stale = boxes.filter((box) => box.dataset.key !== keys[box.classList[0]]);
    const made = await Promise.all(stale.map((box) => part(keys[box.classList[0]])));
    if (mine !== turn) return [];
    stale.forEach((box, i) => {
      box.replaceChildren(made[i]);
      box.dataset.key = keys[box.classList[0]];
    });
    pane.querySelector("h2").textContent = [one.title, found.split.value].filter(Boolean).join(", ");
    pane.querySelector(".python code").textContent = pythonOf(found, controls.dataset.run);
    const detail = { row: found.layer.textContent, column: found.host.textContent };
    pane.querySelector(".map .drawing").dispatchEvent(new CustomEvent("mark", { bubbles: true, detail }));
    return missing.map((what) => `${one.title} has no "${what}"; what is shown of it stands beside.`);
  }
  async function draw() {
    const mine = ++turn, first = member(""), second = member("beside");
    const controls = await part(`${first.number}-controls`);
    if (mine !== turn) return;
    for (const name of choices) choose(field(name), controls.querySelector(`[name=${name}]`));
    withinSweep(field("layer"), field("sweep"));
    field("alpha").disabled = !field("value").selectedOptions[0].dataset.along;
    const shown = [first, second].filter(Boolean);
    while (panes.children.length < shown.length) panes.append(model.cloneNode(true));
    while (panes.children.length > shown.length) panes.lastElementChild.remove();
    panes.classList.toggle("of-2", shown.length > 1);
    const said = await Promise.all(shown.map((one, i) => show(panes.children[i], one, mine)));
    if (mine !== turn) return;
    absent.textContent = said.flat().join(" ");
    absent.hidden = !absent.textContent;
    const pieces = [first.shell, second && second.beside, ...choices.map((name) => field(name).selectedOptions[0].dataset.shell)];
    document.querySelector(".again code").textContent = filled(form.dataset.command, {
      RUNS: shown.map((one) => one.folder).join(" "), CHOICES: pieces.filter(Boolean).join(" "),
    });
    if (form.dataset.served) history.replaceState(null, "", "?" + new URLSearchParams(new FormData(form)));
  }
  function redraw() {
    return draw().catch((error) => {
      absent.textContent = error.message;
      absent.hidden = false;
    }).finally(() => { document.body.dataset.turn = turn; });
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", redraw);
  document.addEventListener("choose", (event) => {
    const { row, column } = event.detail;
    for (const name of ["layer", "host", "alpha"]) {
      const option = [...field(name).options].find((one) => [row, column].includes(one.textContent) && !one.disabled);
      if (option) option.selected = true;
    }
    redraw();
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest && event.target.closest(".copy");
    if (!button) return;
    const code = button.parentElement.querySelector("code");
    getSelection().selectAllChildren(code);
    const copied = await navigator.clipboard.writeText(code.textContent).then(() => true, () => document.execCommand("copy"));
    button.textContent = copied ? "Copied" : "Selected: copy it by keyboard";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  redraw();
})();
