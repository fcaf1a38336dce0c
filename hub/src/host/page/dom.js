// Small helpers: elements from plain values, and lists that change only where they must, so that a finger or the
// keyboard's focus never loses what it is on.

/** An element with properties, `data-testid` as `id`-like names included, and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export const find = (id) => document.getElementById(id);

/** Sets a text, if it is another one. */
export function say(element, text) {
  text = String(text);
  if (element.textContent !== text) element.textContent = text;
}

/** Shows `text` in an element that is hidden while there is none. */
export function tell(element, text) {
  element.hidden = !text;
  say(element, text ?? "");
}

/**
 * Makes the children of `parent` those of `items`: kept by `key`, made by `create(item)`, brought up to date by
 * `update(element, item)`.
 */
export function list(parent, items, key, create, update = () => {}) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let child = old.get(name);
    if (child) old.delete(name);
    else {
      child = create(item);
      child.dataset.key = name;
    }
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  for (const child of old.values()) child.remove();
}

/** A table's row of so many cells; those whose number is in `numbers` are right-aligned. */
export function row(count, numbers = []) {
  const cells = Array.from({ length: count }, (_, at) => make("td", numbers.includes(at) ? { className: "n" } : {}));
  return make("tr", {}, ...cells);
}

/** Names the cells of a row for narrow screens, where the table has no head. */
export function labelled(row, ...labels) {
  labels.forEach((label, at) => label && (row.cells[at].dataset.label = label));
  return row;
}

/** Sets the texts of a row's cells. */
export function fill(row, ...texts) {
  texts.forEach((text, at) => say(row.cells[at], text));
}

const number = new Intl.NumberFormat("en-US");
const oneDigit = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

export const whole = (value) => number.format(value);
export const rough = (value) => (value < 10 ? oneDigit.format(value) : number.format(Math.round(value)));

/** Bytes as people say them. */
export function bytes(value) {
  if (value == null) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (value >= 1000 && at < units.length - 1) [value, at] = [value / 1000, at + 1];
  return `${rough(value)} ${units[at]}`;
}

/** A length of time in its two largest units. */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = Math.max(0, parts.findIndex(([size]) => seconds >= size));
  const [size, unit] = parts[seconds ? first : 3];
  const rest = parts[first + 1];
  const more = seconds && rest ? Math.floor((seconds % size) / rest[0]) : 0;
  return `${Math.floor(seconds / size)} ${unit}` + (more ? ` ${more} ${rest[1]}` : "");
}

export const minutes = (ms) => {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dateTime = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });

/** A moment: with its day unless it is today. */
export function moment(ms) {
  const sameDay = new Date(ms).toDateString() === new Date().toDateString();
  return (sameDay ? time : dateTime).format(ms);
}
