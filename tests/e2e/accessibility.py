"""What everybody needs to use a page: contrast, names, sizes and the order of the keyboard, measured in the page."""

from typing import Any

from playwright.async_api import Page

LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3, for text of normal size; asked of large text as well."""
LEAST_TARGET_PX = 44.0
"""WCAG 2.2, 2.5.5."""

_LOOK = """
() => {
  const visible = (e) => { const r = e.getBoundingClientRect(); const s = getComputedStyle(e);
    return r.width > 1 && r.height > 1 && s.visibility !== 'hidden' && s.display !== 'none' };
  const parse = (text) => { const n = (text.match(/[\\d.]+/g) || []).map(Number);
    return { r: n[0], g: n[1], b: n[2], a: n.length > 3 ? n[3] : 1 } };
  const over = (top, below) => ({ r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a),
    b: top.b * top.a + below.b * (1 - top.a), a: 1 });
  const luminance = (c) => { const [r, g, b] = [c.r, c.g, c.b].map((v) => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
  const ground = (e) => { const layers = []; for (let n = e; n; n = n.parentElement) layers.push(
      parse(getComputedStyle(n).backgroundColor));
    let c = matchMedia('(prefers-color-scheme: dark)').matches ? { r: 0, g: 0, b: 0, a: 1 }
      : { r: 255, g: 255, b: 255, a: 1 };
    for (const layer of layers.reverse()) c = over(layer, c); return c };
  const contrasts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    const e = n.parentElement; if (!n.textContent.trim() || !e || !visible(e) || e.closest('.unseen, option')) continue;
    const back = ground(e); const front = over(parse(getComputedStyle(e).color), back);
    const [x, y] = [luminance(front), luminance(back)].sort((p, q) => q - p);
    contrasts.push({ text: n.textContent.trim().slice(0, 40), ratio: (x + 0.05) / (y + 0.05) });
  }
  const controls = [...document.querySelectorAll('button, a[href], input, select')].filter(visible).map((e) => {
    const r = e.getBoundingClientRect();
    const labelled = (e.getAttribute('aria-labelledby') || '').split(' ').map((id) => document.getElementById(id))
      .filter(Boolean).map((it) => it.textContent).join(' ');
    const named = labelled || e.getAttribute('aria-label') || (e.labels && e.labels[0] && e.labels[0].textContent) ||
      (e.matches('button, a') ? e.textContent : '');
    return { what: e.tagName + '#' + e.id, name: (named || '').trim(), width: r.width, height: r.height };
  });
  return { contrasts, controls, lang: document.documentElement.lang, title: document.title,
    headings: [...document.querySelectorAll('h1')].filter(visible).length,
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth };
}
"""

_FOCUSED = """
() => { const e = document.activeElement; if (!e || e === document.body) return null;
  const s = getComputedStyle(e); const r = e.getBoundingClientRect();
  return { what: e.tagName + '#' + e.id + '.' + (e.dataset.do || ''), top: r.top + scrollY,
    ring: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2 } }
"""


async def faults(page: Page) -> list[str]:
    """Return what somebody could not read, name or hit."""
    seen: dict[str, Any] = await page.evaluate(_LOOK)
    found = [
        f"contrast of {it['text']!r} is {it['ratio']:.2f}" for it in seen["contrasts"] if it["ratio"] < LEAST_CONTRAST
    ]
    found += [f"{it['what']} has no name" for it in seen["controls"] if not it["name"]]
    found += [
        f"{it['what']} is {it['width']:.0f} x {it['height']:.0f} px"
        for it in seen["controls"]
        if min(it["width"], it["height"]) < LEAST_TARGET_PX
    ]
    if not seen["contrasts"]:
        found.append("there is no text")
    if seen["headings"] != 1:
        found.append(f"there are {seen['headings']} main headings")
    if seen["wide"]:
        found.append("it has to be scrolled sideways")
    if not seen["lang"] or not seen["title"]:
        found.append("language or title is missing")
    return found


async def tab_order(page: Page) -> list[dict[str, Any]]:
    """Press Tab from the top until it leaves the page; returns what had the focus."""
    await page.evaluate("document.activeElement && document.activeElement.blur(); window.scrollTo(0, 0)")
    stops: list[dict[str, Any]] = []
    for _ in range(40):
        await page.keyboard.press("Tab")
        focused: dict[str, Any] | None = await page.evaluate(_FOCUSED)
        if focused is None or (stops and focused["what"] == stops[0]["what"]):
            break
        stops.append(focused)
    return stops
