"use strict";
// Draws the power of one cell: a band from minimum to maximum, a line for the mean, shaded phases and gaps. Dragging zooms in.
window.tbftTrace = function (data, element) {
  const place = document.getElementById("trace");
  const width = 960, height = 320, left = 56, right = 12, top = 24, bottom = 36;

  function node(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // Axis steps of 1, 2 or 5 times a power of ten, about five of them.
  function ticks(from, to) {
    const raw = (to - from) / 5, size = 10 ** Math.floor(Math.log10(raw));
    const step = size * [1, 2, 5, 10].find((m) => m * size >= raw);
    const list = [];
    for (let t = Math.ceil(from / step) * step; t <= to + step * 1e-9; t += step) list.push(Number(t.toPrecision(12)));
    return list;
  }

  // Five integers for each bucket: start relative to the previous start and length in time units; mean, height above it and
  // depth below it in power units.
  function decode(trace) {
    const buckets = [];
    let at = 0;
    for (let i = 0; i < trace.b.length; i += 5) {
      at += trace.b[i];
      const mean = trace.b[i + 2];
      buckets.push({ from: at * trace.tu, to: (at + trace.b[i + 1]) * trace.tu, mean: mean * trace.pu,
        high: (mean + trace.b[i + 3]) * trace.pu, low: (mean - trace.b[i + 4]) * trace.pu });
    }
    return buckets;
  }

  function describe(row) {
    const value = (name) => { const i = data.columns.indexOf(name); return i < 0 || row[i] === null ? "" : String(row[i]); };
    return ["dataset", "drift", "condition", "train_size", "strategy", "repetition", "meter", "cell_id"].map((name) => [name, value(name)])
      .filter(([, text]) => text !== "").map(([name, text]) => `${name} ${text}`).join(", ");
  }

  return function show(r) {
    const trace = data.traces[r], buckets = decode(trace);
    for (const chosen of document.querySelectorAll("tr.chosen")) chosen.classList.remove("chosen");
    const tableRow = document.querySelector(`tr[data-row="${r}"]`);
    if (tableRow) tableRow.classList.add("chosen");
    let view = [0, trace.d];
    const svg = node("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Power over time" });

    function draw() {
      const [a, b] = view;
      const seen = buckets.filter((bucket) => bucket.to >= a && bucket.from <= b);
      const most = Math.max(...(seen.length ? seen : buckets).map((bucket) => bucket.high), 1e-9) * 1.05;
      const least = Math.min(0, ...seen.map((bucket) => bucket.low));
      const x = (t) => left + (Math.min(Math.max(t, a), b) - a) / (b - a) * (width - left - right);
      const y = (W) => height - bottom - (W - least) / (most - least) * (height - top - bottom);
      const parts = [];
      for (const [name, from, to] of trace.p) {
        if (to < a || from > b) continue;
        parts.push(node("rect", { class: name, x: x(from), y: top, width: Math.max(0.5, x(to) - x(from)), height: height - top - bottom }));
        if (x(to) - x(from) > 60) parts.push(node("text", { x: x(from) + 4, y: top + 13 }, name));
      }
      for (const W of ticks(least, most)) {
        parts.push(node("line", { class: "grid", x1: left, x2: width - right, y1: y(W), y2: y(W) }),
          node("text", { x: left - 6, y: y(W) + 4, "text-anchor": "end" }, String(W)));
      }
      for (const t of ticks(a, b)) parts.push(node("text", { x: x(t), y: height - bottom + 16, "text-anchor": "middle" }, String(t)));
      // The line breaks at a gap, because nothing was measured there.
      const broken = (one, other) => trace.g.some(([from, to]) => from < other.from && to > one.to);
      let line = "";
      seen.forEach((bucket, i) => {
        const x0 = x(bucket.from), x1 = Math.max(x(bucket.to), x0 + 0.5);
        parts.push(node("rect", { class: "band", x: x0, y: y(bucket.high), width: x1 - x0, height: Math.max(0.5, y(bucket.low) - y(bucket.high)) }));
        const join = i > 0 && !broken(seen[i - 1], bucket) ? "L" : "M";
        line += `${join}${((x0 + x1) / 2).toFixed(2)},${y(bucket.mean).toFixed(2)}`;
      });
      parts.push(node("path", { class: "mean", d: line || "M0,0" }));
      for (const [from, to] of trace.g) {
        if (to >= a && from <= b) parts.push(node("rect", { class: "gap", x: x(from), y: top, width: Math.max(1, x(to) - x(from)), height: height - top - bottom }));
      }
      parts.push(node("path", { class: "axis", d: `M${left},${top}V${height - bottom}H${width - right}` }),
        node("text", { x: left, y: 14 }, trace.y), node("text", { x: width - right, y: height - 4, "text-anchor": "end" }, "time in the cell / s"));
      svg.replaceChildren(...parts);
    }

    function zoom(factor, centre) {
      const [a, b] = view, at = centre === undefined ? (a + b) / 2 : centre;
      const length = Math.min(trace.d, Math.max((b - a) * factor, trace.d * 1e-4));
      const from = Math.min(Math.max(0, at - (at - a) / (b - a) * length), trace.d - length);
      view = [from, from + length];
      draw();
    }
    function move(by) {
      const length = view[1] - view[0], from = Math.min(Math.max(0, view[0] + by * length), trace.d - length);
      view = [from, from + length];
      draw();
    }
    const timeAt = (event) => {
      const box = svg.getBoundingClientRect(), at = (event.clientX - box.left) / box.width * width;
      return view[0] + Math.min(Math.max((at - left) / (width - left - right), 0), 1) * (view[1] - view[0]);
    };
    svg.addEventListener("pointerdown", (down) => {
      const from = timeAt(down), selection = node("rect", { class: "selection", y: top, height: height - top - bottom });
      svg.append(selection);
      svg.setPointerCapture(down.pointerId);
      const over = (t) => left + (t - view[0]) / (view[1] - view[0]) * (width - left - right);
      const drag = (event) => {
        const to = timeAt(event);
        selection.setAttribute("x", over(Math.min(from, to)));
        selection.setAttribute("width", Math.abs(over(to) - over(from)));
      };
      svg.addEventListener("pointermove", drag);
      svg.addEventListener("pointerup", (up) => {
        svg.removeEventListener("pointermove", drag);
        const to = timeAt(up);
        if (Math.abs(to - from) > (view[1] - view[0]) * 0.01) view = [Math.min(from, to), Math.max(from, to)];
        draw();
      }, { once: true });
      svg.addEventListener("pointercancel", () => { svg.removeEventListener("pointermove", drag); draw(); }, { once: true });
    });
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.shiftKey) return;  // without a key the wheel scrolls the page
      event.preventDefault();
      zoom(event.deltaY < 0 ? 0.7 : 1 / 0.7, timeAt(event));
    }, { passive: false });
    draw();

    const button = (text, action) => element("button", { type: "button", onclick: action }, text);
    const key = (name, text, style) => element("span", {}, element("i", { style: `background: var(--${style})` }), text);
    const unshaded = trace.px ? `; the ${trace.px} shortest phases have no shade` : "";
    const phases = ["load", "train", "validate", "test"].filter((name) => trace.p.some(([phase]) => phase === name));
    place.replaceChildren(element("h3", {}, "Power of one cell"), element("p", { class: "caption" }, describe(data.rows[r])),
      element("div", { class: "controls" }, button("Zoom in", () => zoom(0.5)), button("Zoom out", () => zoom(2)), button("Left", () => move(-0.5)),
        button("Right", () => move(0.5)), button("Whole cell", () => { view = [0, trace.d]; draw(); })),
      svg, element("p", { class: "caption key" }, key("mean", "mean", "trace"), key("band", "minimum to maximum", "band"), key("gap", "gap: no reading", "gap"),
        ...phases.map((name) => key(name, name, name))),
      element("p", { class: "note" }, `${trace.n} readings in ${buckets.length} steps; ${trace.x} gaps${unshaded}. Drag over the curve to look closer, Ctrl + wheel zooms.`));
    place.scrollIntoView({ block: "nearest" });
  };
};
