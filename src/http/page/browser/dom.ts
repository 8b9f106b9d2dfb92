type Props = Readonly<Record<string, unknown>>

/** The element of the page's own document with this id. */
export const $ = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E

/** Makes an element: functions become listeners, other values attributes; text children become text nodes, never HTML. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') node.addEventListener(name, value as EventListener)
    else if (value === true) node.setAttribute(name, '')
    else if (typeof value === 'string' || typeof value === 'number') node.setAttribute(name, String(value))
  }
  node.append(...children)
  return node
}

/** Makes `nodes` the children of `parent` and touches only what differs: what stays keeps its focus, selection and scroll. */
export function place(parent: Element, nodes: readonly Node[]): void {
  nodes.forEach((node, at) => {
    const now = parent.childNodes[at]
    if (now === node) return
    // one that has gone: taking it out keeps those behind it where they are
    if (now && !nodes.includes(now) && now.nextSibling === node) now.remove()
    else parent.insertBefore(node, now ?? null)
  })
  while (parent.childNodes.length > nodes.length) parent.lastChild!.remove()
}

/** Sets a text only when it differs: a live region would speak again, and a selection would go. */
export function say(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

const icons = {
  attach: 'M21 12.5l-8.6 8.6a5.4 5.4 0 0 1-7.6-7.6l8.9-8.9a3.6 3.6 0 0 1 5.1 5.1l-8.9 8.8a1.8 1.8 0 0 1-2.5-2.5l8.2-8.2',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  down: 'M12 5v14M6 13l6 6 6-6',
  edit: 'M4 20h4L19 9l-4-4L4 16z',
  menu: 'M4 7h16M4 12h16M4 17h10',
  plus: 'M12 5v14M5 12h14',
  redo: 'M20 12a8 8 0 1 1-2.3-5.6M20 4v5h-5',
  send: 'M12 19V5M6 11l6-6 6 6',
  stop: 'M7 7h10v10H7z',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
} as const

/** A drawing of 24 × 24 in the colour of the text; hidden from screen readers, since its button has a name. */
export function icon(name: keyof typeof icons): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(space, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(space, 'path')
  path.setAttribute('d', icons[name])
  svg.append(path)
  return svg
}

/** A button that copies what `text` gives, and says that it has. */
export function copyButton(text: () => string, label = 'Copy'): HTMLButtonElement {
  const word = el('span', {}, 'Copy')
  const button = el('button', { type: 'button', class: 'quiet', 'aria-label': label, click: () => void copy() }, icon('copy'), word)
  const copy = async (): Promise<void> => {
    const done = await navigator.clipboard.writeText(text()).then(
      () => true,
      () => false,
    )
    word.textContent = done ? 'Copied' : 'Not allowed'
    button.firstChild!.replaceWith(icon(done ? 'check' : 'close'))
    setTimeout(() => {
      word.textContent = 'Copy'
      button.firstChild!.replaceWith(icon('copy'))
    }, 1500)
  }
  return button
}
