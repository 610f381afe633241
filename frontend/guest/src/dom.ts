type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | boolean | null | undefined>;

const SVG = "http://www.w3.org/2000/svg";

function made(node: Element, attributes: Attributes, children: Child[]): Element {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (typeof value === "string") node.setAttribute(name, value);
  }
  // Everything that comes from outside becomes text, never markup.
  for (const child of children) if (child) node.append(child);
  return node;
}

export function h(tag: string, attributes: Attributes = {}, ...children: Child[]): Element {
  return made(document.createElement(tag), attributes, children);
}

export function svg(tag: string, attributes: Attributes = {}, ...children: Child[]): Element {
  return made(document.createElementNS(SVG, tag), attributes, children);
}

/** Makes `present` look like `wanted` and keeps what is the same, so that focus and half-typed codes stay. */
export function morph(present: Element, wanted: Element): void {
  for (const { name } of Array.from(present.attributes)) if (!wanted.hasAttribute(name)) present.removeAttribute(name);
  for (const { name, value } of Array.from(wanted.attributes)) {
    if (present.getAttribute(name) !== value) present.setAttribute(name, value);
  }
  const before = Array.from(present.childNodes);
  const keyed = new Map<string, Element>();
  for (const node of before) if (node instanceof Element && node.hasAttribute("data-key")) keyed.set(node.getAttribute("data-key") ?? "", node);
  const used = new Set<Node>();
  Array.from(wanted.childNodes).forEach((child, position) => {
    const key = child instanceof Element ? child.getAttribute("data-key") : null;
    const same = key === null ? before[position] : keyed.get(key);
    const here = present.childNodes[position] ?? null;
    if (same && !used.has(same) && alike(same, child) && same.parentNode === present) {
      used.add(same);
      if (here !== same) present.insertBefore(same, here);
      if (same instanceof Element) morph(same, child as Element);
      else if (same.nodeValue !== child.nodeValue) same.nodeValue = child.nodeValue;
    } else {
      present.insertBefore(child, here);
      used.add(child);
    }
  });
  for (const node of Array.from(present.childNodes)) if (!used.has(node)) node.remove();
}

function alike(one: Node, other: Node): boolean {
  if (one.nodeName !== other.nodeName) return false;
  const key = (node: Node): string | null => (node instanceof Element ? node.getAttribute("data-key") : null);
  return key(one) === key(other);
}
