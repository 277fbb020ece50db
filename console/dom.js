// The only way in which this console makes elements. Text becomes text nodes, never markup; control
// and direction characters in it become visible marks, so that a log line cannot disguise itself.

const SVG = "http://www.w3.org/2000/svg";
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/;
const HIDDEN_ALL = new RegExp(HIDDEN.source, "g");

export function codeOf(character) {
  const code = character.codePointAt(0);
  if (code < 0x100) return "\\x" + code.toString(16).padStart(2, "0");
  return "U+" + code.toString(16).toUpperCase().padStart(4, "0");
}

// For attributes and titles, which cannot hold marks.
export const visible = (text) => String(text).replace(HIDDEN_ALL, codeOf);

function addText(parent, text) {
  if (!HIDDEN.test(text)) {
    parent.append(document.createTextNode(text));
    return;
  }
  let at = 0;
  for (const found of text.matchAll(HIDDEN_ALL)) {
    if (found.index > at) parent.append(document.createTextNode(text.slice(at, found.index)));
    const mark = document.createElement("span");
    mark.className = "ctrl";
    mark.textContent = codeOf(found[0]);
    parent.append(mark);
    at = found.index + found[0].length;
  }
  if (at < text.length) parent.append(document.createTextNode(text.slice(at)));
}

function add(parent, child) {
  if (child === null || child === undefined || child === false) return;
  if (Array.isArray(child)) for (const one of child) add(parent, one);
  else if (child instanceof Node) parent.append(child);
  else addText(parent, String(child));
}

// h("a", {class: "x", href: "#/", on: {click: f}}, "text", node, [more])
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "data") {
      for (const [key, one] of Object.entries(value)) element.dataset[key] = one;
    } else if (name === "value") {
      element.value = value;
    } else {
      element.setAttribute(name, value === true ? "" : visible(value));
    }
  }
  for (const child of children) add(element, child);
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren();
  for (const child of children) add(element, child);
  return element;
}

const SHAPES = {
  check: "M4 12l5 5L20 6",
  alert: "M12 4v10M12 18v2",
  sun: "M12 8a4 4 0 100 8 4 4 0 000-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.500 1.500M17.500 17.500L19 19M19 5l-1.500 1.500M6.500 17.500L5 19",
  moon: "M20 14A8 8 0 1110 4a6.500 6.500 0 0010 10z",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  plus: "M12 5v14M5 12h14",
  out: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

// A text in segments, as the API gives it: ["t", text], ["l", lit text], ["x" or "lx", hex of bytes].
export function segments(list) {
  return (list ?? []).map(([kind, text]) => {
    if (kind === "t") return text;
    if (kind === "l") return h("mark", { class: "lit" }, text);
    const bytes = text.replace(/../g, "\\x$&");
    const mark = h("span", { class: "ctrl" }, bytes);
    return kind === "lx" ? h("mark", { class: "lit" }, mark) : mark;
  });
}

export const segmentText = (list) =>
  (list ?? []).map(([kind, text]) => (kind.endsWith("x") ? text.replace(/../g, "\\x$&") : text)).join("");
