"use strict";
// The page uses no network and no library. Text from files enters the document as text nodes only.
(function () {
  const byId = (id) => document.getElementById(id);

  function element(name, properties, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(properties || {})) {
      if (key === "class") node.className = value;
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  }

  // Light or dark as in the system, until the user presses the button.
  function themeButton() {
    const root = document.documentElement;
    const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const button = byId("theme");
    if (!CSS.supports("color", "light-dark(#000, #fff)")) return;  // the page is light there
    const show = () => { button.textContent = dark() ? "Light" : "Dark"; };
    try { if (localStorage.tbftTheme) root.dataset.theme = localStorage.tbftTheme; } catch (e) { /* no storage for files */ }
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.tbftTheme = root.dataset.theme; } catch (e) { /* no storage for files */ }
      show();
    });
    button.hidden = false;
    show();
  }

  // "12.3 \u00b1 0.4", "[1.2, 3.4]", "x 0.98" and 5 sort by their first number, other cells by their text; unknown values come last.
  function compare(a, b, descending) {
    const key = (value) => {
      if (value === null || value === "" || value === "-") return null;
      if (typeof value === "number") return value;
      const number = /^(?:\[|x )?([-+]?\d+(\.\d+)?(e[-+]?\d+)?)(?![\w.-])/i.exec(value);
      return number ? Number(number[1]) : value;
    };
    const x = key(a), y = key(b);
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    const order = typeof x === "number" && typeof y === "number" ? x - y
      : typeof x !== typeof y ? (typeof x === "number" ? -1 : 1) : x.localeCompare(y);
    return descending ? -order : order;
  }

  function markSorted(headers, index) {
    const descending = headers[index].getAttribute("aria-sort") === "ascending";
    for (const header of headers) header.removeAttribute("aria-sort");
    headers[index].setAttribute("aria-sort", descending ? "descending" : "ascending");
    return descending;
  }

  // Whether a cell has the value of a link, whose numbers may be written in another way: 5e-04 is 0.0005.
  const isSame = (value, text) => value === null ? text === "" : typeof value === "number" ? text !== "" && Number(text) === value : value === text;
  const matches = (text, words) => words.every((word) => text.includes(word));
  const wordsOf = (input) => input.value.toLowerCase().split(/\s+/).filter(Boolean);

  // A measured number with four significant digits; its cell's title has all that the page knows. Counts are exact.
  function short(value) {
    if (value === 0) return "0";
    const text = value.toPrecision(4);
    return text.includes("e") && Math.abs(value) >= 1 ? String(Number(text)) : text;
  }

  // Keeps the first column and the accuracy at the left of a table that is wider than its box, unless both would fill it.
  function freeze(table) {
    const box = table.parentNode;
    const place = () => {
      const [first, ...others] = table.tHead.rows[0].cells, second = others.find((cell) => cell.classList.contains("frozen"));
      table.style.setProperty("--first", first.offsetWidth + "px");
      table.classList.toggle("cut", table.offsetWidth > box.clientWidth);
      table.classList.toggle("two", second !== undefined && first.offsetWidth + second.offsetWidth < 0.7 * box.clientWidth);
    };
    const observer = new ResizeObserver(place);
    observer.observe(table);  // also when its fold opens
    observer.observe(box);
  }

  // A link to what is in a fold opens the fold. The links of the contents show where the reader is.
  function contents() {
    const open = (hash) => {
      const target = byId(hash.slice(1).split("?")[0]), fold = target && target.closest("details");
      if (fold) fold.open = true;
      return target;
    };
    const links = [...document.querySelectorAll("#contents a")], strip = byId("contents");
    for (const link of links) link.addEventListener("click", () => open(link.hash));
    addEventListener("hashchange", () => open(location.hash));
    if (location.hash) { const target = open(location.hash); if (target) target.scrollIntoView(); }
    const targets = links.map((link) => byId(link.hash.slice(1)));
    const mark = () => {
      const line = innerHeight / 4;
      let current = 0;
      targets.forEach((target, i) => { if (target.getBoundingClientRect().top <= line) current = i; });
      if (links[current].hasAttribute("aria-current")) return;
      for (const link of links) link.removeAttribute("aria-current");
      links[current].setAttribute("aria-current", "true");
      const box = strip.getBoundingClientRect(), at = links[current].getBoundingClientRect();
      if (at.left < box.left || at.right > box.right) strip.scrollLeft += at.left - box.left - 16;
      if (at.top < box.top || at.bottom > box.bottom) strip.scrollTop += at.top - box.top - box.height / 3;
    };
    let waiting = false;
    addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; mark(); });
    }, { passive: true });
    if (links.length) mark();
  }

  // Parts with many folds get a button that opens or closes them all.
  function foldButtons() {
    for (const part of document.querySelectorAll("main > section")) {
      const folds = [...part.querySelectorAll(":scope > details")];
      if (folds.length < 3) continue;
      const button = element("button", { type: "button", onclick: () => {
        const open = folds.some((fold) => !fold.open);
        for (const fold of folds) fold.open = open;
        button.textContent = open ? "Close all" : "Open all";
      } }, "Open all");
      part.querySelector("h2").after(element("div", { class: "controls" }, button));
    }
  }

  // The tables that are in the page as HTML.
  function liveTable(table) {
    const body = table.tBodies[0], headers = [...table.tHead.rows[0].cells];
    freeze(table);
    headers.forEach((header, index) => {
      const name = header.textContent;
      header.replaceChildren(element("button", { type: "button", title: "Sort by " + name, onclick: () => {
        const descending = markSorted(headers, index);
        const text = (row) => row.cells[index].textContent;
        body.append(...[...body.rows].sort((a, b) => compare(text(a), text(b), descending)));
      } }, name));
    });
    if (body.rows.length < 12) return;
    const input = element("input", { type: "search", placeholder: "Filter", "aria-label": "Filter this table", oninput: () => {
      const words = wordsOf(input);
      for (const row of body.rows) row.hidden = !matches(row.textContent.toLowerCase(), words);
    } });
    table.parentNode.before(element("div", { class: "controls" }, input));
  }

  // The table of cells may be too long for HTML, so the script shows one part of the data at a time.
  function cellTable(data, showTrace) {
    const pageSize = 100;
    const names = data.columns, column = (name) => names.indexOf(name);
    const texts = data.rows.map((row) => row.map((value) => (value === null ? "" : String(value))).join(" ").toLowerCase());
    const state = { order: data.rows.map((_, i) => i), shown: [], page: 0, wanted: {}, all: false, sorted: null };
    const usual = new Set(data.usual), reals = new Set(data.reals);
    const input = element("input", { type: "search", placeholder: "Filter: words of a row", "aria-label": "Filter cells", oninput: () => update() });
    const chips = element("span", {});
    const wide = element("input", { type: "checkbox", onchange: () => { state.all = wide.checked; head(); update(); } });
    const place = element("span", { class: "note" });
    const step = (by) => element("button", { type: "button", onclick: () => { state.page += by; draw(); } }, by < 0 ? "Previous" : "Next");
    const back = step(-1), next = step(1);
    const table = element("table", { id: "cell-table" }, element("thead"), element("tbody"));
    byId("cell-list").append(element("div", { class: "controls" }, input, chips, element("label", {}, wide, " all columns")),
      element("div", { class: "scroll" }, table), element("div", { class: "controls" }, back, next, place));
    // The strategy and its accuracy come first, because they stay in view.
    const rank = (i) => { const at = ["strategy", "accuracy_pct"].indexOf(names[i]); return at < 0 ? 2 : at; };
    const known = names.map((_, i) => data.rows.some((row) => row[i] !== null));
    const visible = () => names.map((_, i) => i).filter((i) => state.all || (usual.has(names[i]) && known[i]))
      .sort((a, b) => rank(a) - rank(b));
    const classes = (i) => [rank(i) === 1 ? "frozen" : "", texty[i] ? "text" : ""].join(" ").trim();
    const texty = names.map((_, i) => data.rows.some((row) => typeof row[i] === "string"));

    function head() {
      const columns = visible();
      const headers = columns.map((i, at) => element("th", { class: classes(i) }, element("button", { type: "button", onclick: () => {
        const descending = markSorted(headers, at);
        state.sorted = { column: i, how: headers[at].getAttribute("aria-sort") };
        state.order.sort((a, b) => compare(data.rows[a][i], data.rows[b][i], descending));
        update();
      } }, names[i])));
      const sorted = state.sorted ? columns.indexOf(state.sorted.column) : -1;
      if (sorted >= 0) headers[sorted].setAttribute("aria-sort", state.sorted.how);
      table.tHead.replaceChildren(element("tr", {}, ...headers, ...(data.traces ? [element("th", {}, "power")] : [])));
    }
    function draw() {
      const pages = Math.max(1, Math.ceil(state.shown.length / pageSize));
      state.page = Math.min(Math.max(0, state.page), pages - 1);
      const rows = state.shown.slice(state.page * pageSize, (state.page + 1) * pageSize);
      table.tBodies[0].replaceChildren(...rows.map((r) => {
        const cells = visible().map((i) => {
          const value = data.rows[r][i];
          const real = typeof value === "number" && reals.has(names[i]);
          const cell = element("td", { class: names[i] === "status" ? `text status-${value}` : classes(i) },
            value === null ? "" : real ? short(value) : String(value));
          if (real) cell.title = String(value);
          return cell;
        });
        if (data.traces) {
          cells.push(element("td", {}, ...(data.traces[r] ? [element("button", { type: "button", onclick: () => showTrace(r) }, "show")] : [])));
        }
        return element("tr", { "data-row": r }, ...cells);
      }));
      back.disabled = state.page === 0;
      next.disabled = state.page === pages - 1;
      place.textContent = `${state.shown.length} of ${data.rows.length} cells, page ${state.page + 1} of ${pages}`;
    }
    function update() {
      const words = wordsOf(input), wanted = Object.entries(state.wanted);
      state.shown = state.order.filter((r) => matches(texts[r], words) && wanted.every(([name, values]) => {
        const i = column(name);
        return i < 0 || values.some((text) => isSame(data.rows[r][i], text));
      }));
      state.page = 0;
      draw();
    }
    // #cells?strategy=fc&train_size=0.1 selects the rows from which a number in a table above was made.
    function fromAddress() {
      const [anchor, query] = location.hash.slice(1).split("?");
      if (anchor !== "cells" || query === undefined) return;
      state.wanted = {};
      for (const [name, value] of new URLSearchParams(query)) (state.wanted[name] = state.wanted[name] || []).push(value);
      chips.replaceChildren(...Object.entries(state.wanted).filter(([name]) => column(name) >= 0).map(([name, values]) =>
        element("button", { type: "button", title: "Remove this filter", onclick: (event) => {
          delete state.wanted[name];
          event.target.remove();
          update();
        } }, `${name}: ${values.join(", ") || "empty"} \u00d7`)));
      update();
      byId("cells").scrollIntoView();
    }
    head();
    update();
    freeze(table);
    addEventListener("hashchange", fromAddress);
    fromAddress();
  }

  themeButton();
  contents();
  foldButtons();
  for (const table of document.querySelectorAll("table.live")) liveTable(table);
  const json = byId("data");
  if (json) {
    const data = JSON.parse(json.textContent);
    const show = data.traces ? window.tbftTrace(data, element) : () => {};
    cellTable(data, show);
  }
})();
