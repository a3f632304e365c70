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

  // "12.3 +- 0.4", "[1.2, 3.4]" and 5 sort by their first number, other cells by their text; unknown values come last.
  function compare(a, b, descending) {
    const key = (value) => {
      if (value === null || value === "" || value === "-") return null;
      if (typeof value === "number") return value;
      const number = /^\[?([-+]?\d+(\.\d+)?(e[-+]?\d+)?)(?![\w.])/i.exec(value);
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

  const matches = (text, words) => words.every((word) => text.includes(word));
  const wordsOf = (input) => input.value.toLowerCase().split(/\s+/).filter(Boolean);

  // The tables that are in the page as HTML.
  function liveTable(table) {
    const body = table.tBodies[0], headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, index) => {
      const name = header.textContent;
      header.replaceChildren(element("button", { type: "button", title: "Sort by " + name, onclick: () => {
        const descending = markSorted(headers, index);
        const text = (row) => row.cells[index].textContent;
        body.append(...[...body.rows].sort((a, b) => compare(text(a), text(b), descending)));
      } }, name));
    });
    if (body.rows.length < 5) return;
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
    const state = { order: data.rows.map((_, i) => i), shown: [], page: 0, wanted: {}, all: false };
    const usual = new Set(data.usual);
    const input = element("input", { type: "search", placeholder: "Filter: words of a row", "aria-label": "Filter cells", oninput: () => update() });
    const chips = element("span", {});
    const wide = element("input", { type: "checkbox", onchange: () => { state.all = wide.checked; head(); update(); } });
    const place = element("span", { class: "note" });
    const step = (by) => element("button", { type: "button", onclick: () => { state.page += by; draw(); } }, by < 0 ? "Previous" : "Next");
    const back = step(-1), next = step(1);
    const table = element("table", { id: "cell-table" }, element("thead"), element("tbody"));
    byId("cells").append(element("div", { class: "controls" }, input, chips, element("label", {}, wide, " all columns")),
      element("div", { class: "scroll" }, table), element("div", { class: "controls" }, back, next, place));
    const visible = () => names.map((_, i) => i).filter((i) => state.all || usual.has(names[i]));

    function head() {
      const columns = visible();
      const headers = columns.map((i, at) => element("th", {}, element("button", { type: "button", onclick: () => {
        const descending = markSorted(headers, at);
        state.order.sort((a, b) => compare(data.rows[a][i], data.rows[b][i], descending));
        update();
      } }, names[i])));
      table.tHead.replaceChildren(element("tr", {}, ...headers, ...(data.traces ? [element("th", {}, "power")] : [])));
    }
    function draw() {
      const pages = Math.max(1, Math.ceil(state.shown.length / pageSize));
      state.page = Math.min(Math.max(0, state.page), pages - 1);
      const rows = state.shown.slice(state.page * pageSize, (state.page + 1) * pageSize);
      table.tBodies[0].replaceChildren(...rows.map((r) => {
        const cells = visible().map((i) => {
          const value = data.rows[r][i];
          return element("td", names[i] === "status" ? { class: "status-" + value } : {}, value === null ? "" : String(value));
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
        return i < 0 || values.includes(data.rows[r][i] === null ? "" : String(data.rows[r][i]));
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
    addEventListener("hashchange", fromAddress);
    fromAddress();
  }

  themeButton();
  for (const table of document.querySelectorAll("table.live")) liveTable(table);
  const json = byId("data");
  if (json) {
    const data = JSON.parse(json.textContent);
    const show = data.traces ? window.tbftTrace(data, element) : () => {};
    cellTable(data, show);
  }
})();
