import { copyButton, el, place } from './dom.ts'
import { highlight } from './highlight.ts'
import { type Block, grow, type Inline, inlines, type Placed } from './markdown.ts'

/** More than this is shown as it is, without Markdown: a frame must not wait for it. */
const formatted = 200_000

/** A text as Markdown that grows: `update` redraws its last blocks only, so that a long answer costs a frame what a short one does. */
export interface Prose {
  readonly node: HTMLElement
  update(text: string, growing: boolean): void
}

export function prose(): Prose {
  const node = el('div', { class: 'prose' })
  const rest = el('p', { class: 'plain' })
  let source = ''
  let growing = true
  let drawn: Drawn[] = []
  return {
    node,
    update(whole, grows) {
      const text = whole.slice(0, formatted)
      if (text === source && whole.length <= formatted && grows === growing) return
      const before = text.startsWith(source) ? drawn : []
      const { kept, blocks } = grow(
        before.map(({ block }) => block),
        text,
      )
      drawn = blocks.map((block, at) => {
        const open = grows && at === blocks.length - 1
        const old = before[at]
        if (old && (at < kept || (old.open === open && JSON.stringify(old.block) === JSON.stringify(block)))) return old
        return { block, open, node: (open && old && grown(old, block)) || drawBlock(block, open) }
      })
      source = text
      growing = grows
      rest.textContent = whole.slice(formatted)
      place(node, [...drawn.map(({ node }) => node), ...(whole.length > formatted ? [rest] : [])])
    },
  }
}

interface Drawn {
  block: Placed
  /** Its end has not come yet. */
  open: boolean
  node: Node
}

/** Code that only became longer gets the new characters: its scroll and selection stay. */
function grown(before: Drawn, block: Block): Node | undefined {
  if (!before.open || before.block.kind !== 'code' || block.kind !== 'code' || before.block.lang !== block.lang) return undefined
  const last = (before.node as Element).querySelector('code')?.lastChild
  if (!(last instanceof Text) || last.previousSibling || !block.text.startsWith(before.block.text)) return undefined
  last.appendData(block.text.slice(before.block.text.length))
  return before.node
}

function drawBlock(block: Block, open = false): HTMLElement {
  switch (block.kind) {
    case 'p':
      return el('p', {}, ...pieces(block.text))
    case 'h':
      // the page has h1 and h2 of its own
      return el(block.level < 3 ? 'h3' : block.level === 3 ? 'h4' : 'h5', {}, ...pieces(block.text))
    case 'rule':
      return el('hr')
    case 'quote':
      return el('blockquote', {}, ...block.blocks.map((inner) => drawBlock(inner)))
    case 'code': {
      const code = el('code', {}, ...(open ? [block.text] : highlight(block.text, /^[\w+#-]*/.exec(block.lang)![0])))
      return el(
        'figure',
        { class: 'code' },
        el(
          'figcaption',
          {},
          block.lang || 'text',
          copyButton(() => code.textContent, 'Copy code'),
        ),
        el('pre', { tabindex: 0, 'aria-label': `Code, ${block.lang || 'text'}` }, code),
      )
    }
    case 'list':
      return el(
        block.ordered ? 'ol' : 'ul',
        { start: block.ordered && block.start !== 1 ? block.start : undefined },
        ...block.items.map((item) => el('li', {}, ...drawItem(item))),
      )
    case 'table': {
      const row = (cells: readonly string[], tag: 'th' | 'td'): HTMLElement =>
        el(
          'tr',
          {},
          ...cells.map((cell, at) => el(tag, { class: block.align[at], scope: tag === 'th' ? 'col' : undefined }, ...pieces(cell))),
        )
      const [head = [], ...body] = block.rows
      return el(
        'div',
        { class: 'table', tabindex: 0, role: 'region', 'aria-label': 'Table' },
        el('table', {}, el('thead', {}, row(head, 'th')), el('tbody', {}, ...body.map((cells) => row(cells, 'td')))),
      )
    }
  }
}

/** An item of one paragraph stands in its line; `[ ]` and `[x]` are boxes. */
function drawItem(item: readonly Block[]): (Node | string)[] {
  const [first, ...rest] = item
  if (first?.kind !== 'p') return item.map((block) => drawBlock(block))
  const task = /^\[([ xX])\] /.exec(first.text)
  const text = pieces(task ? first.text.slice(4) : first.text)
  const box = task
    ? [el('span', { class: 'box', role: 'img', 'aria-label': task[1] === ' ' ? 'open' : 'done' }, task[1] === ' ' ? '☐ ' : '☑ ')]
    : []
  return [...box, ...text, ...rest.map((block) => drawBlock(block))]
}

const pieces = (text: string): (Node | string)[] => draw(inlines(text))

const draw = (found: readonly Inline[]): (Node | string)[] =>
  found.map((piece) => {
    if (piece.kind === 'text') return piece.text
    if (piece.kind === 'code') return el('code', {}, piece.text)
    if (piece.kind === 'link') return link(piece)
    return el(piece.kind, {}, ...draw(piece.parts))
  })

/** A link that says where it leads: its words are the model's, its host is not. */
export function link({ text, href, host }: { text: string; href: string; host: string }): HTMLElement {
  const own = text === href || text === host || text === href.replace(/\/$/, '')
  return el('a', { href, target: '_blank', rel: 'noopener noreferrer' }, text, ...(own ? [] : [el('small', {}, `(${host})`)]))
}
