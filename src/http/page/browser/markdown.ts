/** A piece of inline text. */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong' | 'em' | 'del'; text: string; parts: Inline[] }
  | { kind: 'link'; text: string; href: string; host: string }

export type Align = 'left' | 'center' | 'right'

export type Block =
  | { kind: 'p'; text: string }
  | { kind: 'h'; level: number; text: string }
  | { kind: 'code'; lang: string; text: string }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'list'; ordered: boolean; start: number; items: Block[][] }
  | { kind: 'table'; align: Align[]; rows: string[][] }
  | { kind: 'rule' }

/** A block and where in the source it begins. */
export type Placed = Block & { at: number }

/** Lists and quotes inside one another go no deeper: below, their text is shown as it is. */
const depthLimit = 6

/**
 * The blocks of a text, in one pass over its lines: hostile input costs no more than its length. Each block depends only
 * on what comes from its beginning on, so that a text that grows can be read again from its last blocks.
 */
export function blocks(source: string): Placed[] {
  const lines = source.split('\n')
  const starts: number[] = []
  let offset = 0
  for (const line of lines) {
    starts.push(offset)
    offset += line.length + 1
  }
  return read(lines, 0).map(({ block, line }) => ({ ...block, at: starts[line]! }))
}

/**
 * The blocks of a text that begins with the one that `before` was read from: all but the last two are still what they
 * were (the last may change by what follows, and so may where it begins). Gives how many were kept.
 */
export function grow(before: readonly Placed[], source: string): { kept: number; blocks: Placed[] } {
  const kept = Math.max(0, before.length - 2)
  const from = kept ? before[kept]!.at : 0
  const fresh = blocks(source.slice(from)).map((block) => ({ ...block, at: block.at + from }))
  return { kept, blocks: [...before.slice(0, kept), ...fresh] }
}

const fence = /^ {0,3}(```+|~~~+)([^`]*)$/
const heading = /^ {0,3}(#{1,6}) +(.*?)(?: +#+)? *$/
const rule = /^ {0,3}([-*_])(?: *\1){2,} *$/
const item = /^( {0,3}(?:[-*+]|(\d{1,9})[.)]))(?: +|$)/

function read(lines: readonly string[], depth: number): { block: Block; line: number }[] {
  const found: { block: Block; line: number }[] = []
  for (let at = 0; at < lines.length;) {
    const line = at
    const [block, next] = one(lines, at, depth)
    if (block) found.push({ block, line })
    at = next
  }
  return found
}

/** The block at a line, if it is not empty, and the line after it. */
function one(lines: readonly string[], at: number, depth: number): [Block | undefined, number] {
  const line = lines[at]!
  if (!line.trim()) return [undefined, at + 1]
  const fenced = fence.exec(line)
  if (fenced) {
    const end = new RegExp(`^ {0,3}${fenced[1]![0]}{${fenced[1]!.length},} *$`)
    let to = at + 1
    while (to < lines.length && !end.test(lines[to]!)) to++
    return [{ kind: 'code', lang: fenced[2]!.trim(), text: lines.slice(at + 1, to).join('\n') }, to + 1]
  }
  const head = heading.exec(line)
  if (head) return [{ kind: 'h', level: head[1]!.length, text: head[2]! }, at + 1]
  if (rule.test(line)) return [{ kind: 'rule' }, at + 1]
  if (isTable(lines, at)) return table(lines, at)
  if (depth < depthLimit && line.startsWith('>')) {
    let to = at
    while (to < lines.length && lines[to]!.startsWith('>')) to++
    const inner = lines.slice(at, to).map((quoted) => quoted.replace(/^> ?/, ''))
    return [{ kind: 'quote', blocks: read(inner, depth + 1).map(({ block }) => block) }, to]
  }
  const first = depth < depthLimit && item.exec(line)
  if (first) return list(lines, at, depth, first[2])
  let to = at + 1
  while (to < lines.length && lines[to]!.trim() && !begins(lines, to)) to++
  return [{ kind: 'p', text: lines.slice(at, to).join('\n') }, to]
}

/** Whether a line ends the paragraph before it. */
const begins = (lines: readonly string[], at: number): boolean => {
  const line = lines[at]!
  return /^ {0,3}(```|~~~|#{1,6} |>|[-*+] |1[.)] )/.test(line) || rule.test(line) || isTable(lines, at)
}

const isTable = (lines: readonly string[], at: number): boolean =>
  lines[at]!.includes('|') && /^[\s:|-]+$/.test(lines[at + 1] ?? '') && /-/.test(lines[at + 1]!) && lines[at + 1]!.includes('|')

function table(lines: readonly string[], at: number): [Block, number] {
  const align = cells(lines[at + 1]!).map((cell): Align => (cell.endsWith(':') ? (cell.startsWith(':') ? 'center' : 'right') : 'left'))
  const rows = [cells(lines[at]!)]
  let to = at + 2
  for (; lines[to]?.includes('|'); to++) rows.push(cells(lines[to]!))
  return [{ kind: 'table', align, rows }, to]
}

const cells = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||(?<!\\)\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))

function list(lines: readonly string[], at: number, depth: number, number: string | undefined): [Block, number] {
  const ordered = number !== undefined
  const items: Block[][] = []
  let to = at
  for (let match; to < lines.length && (match = item.exec(lines[to]!)) && (match[2] !== undefined) === ordered && !rule.test(lines[to]!);) {
    const indent = match[1]!.length + 1
    const own = [lines[to]!.slice(match[0].length)]
    for (to++; to < lines.length; to++) {
      const line = lines[to]!
      const inset = line.search(/\S/)
      if (inset >= 2) own.push(line.slice(Math.min(inset, indent)))
      // a line that is not set in goes on with the paragraph; an empty one belongs to the item if the next is set in
      else if (inset < 0 ? /^ {2,}\S/.test(lines[to + 1] ?? '') : lines[to - 1]!.trim() && !item.test(line) && !begins(lines, to))
        own.push(line)
      else break
    }
    items.push(read(own, depth + 1).map(({ block }) => block))
    if (lines[to] !== undefined && !lines[to]!.trim() && item.test(lines[to + 1] ?? '')) to++
  }
  return [{ kind: 'list', ordered, start: Number(number ?? 1), items }, to]
}

const piece = new RegExp(
  [
    /\\([!-/:-@[-`{-~])/,
    /``([^\n]{1,2000}?)``|`([^`\n]{1,2000})`/,
    /\*\*(?!\*)((?:[^*\n]|\*(?!\*(?!\*))){1,2000}?)\*\*(?!\*)/,
    /\*([^*\s][^*\n]{0,2000})\*|_([^_\s][^_\n]{0,2000})_(?!\w)/,
    /~~([^~\n]{1,2000})~~/,
    /!?\[([^[\]\n]{0,500})\]\(<?([^()\s<>]{1,2000})>?(?: +"[^"\n]{0,200}")?\)/,
    /<?(https?:\/\/[^\s<>()"'`*]{0,1999}[^\s<>()"'`*.,:;!?\]])>?/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'y',
)

/** The inline pieces of a text. Links are http(s) only and keep their host for show; images become links; HTML stays text. */
export function inlines(text: string, depth = 0): Inline[] {
  const found: Inline[] = []
  let plain = ''
  const put = (inline: Inline): void => {
    if (plain) found.push({ kind: 'text', text: plain })
    plain = ''
    found.push(inline)
  }
  const nested = (kind: 'strong' | 'em' | 'del', text: string): void =>
    put({ kind, text, parts: depth < 3 ? inlines(text, depth + 1) : [{ kind: 'text', text }] })
  for (let at = 0; at < text.length;) {
    const char = text[at]!
    piece.lastIndex = at
    const match =
      '\\`*~![<h'.includes(char) || (char === '_' && !/\w/.test(text[at - 1] ?? ''))
        ? (piece.exec(text) as (string | undefined)[] | null)
        : null
    if (!match) {
      plain += char
      at++
      continue
    }
    const [whole, escaped, ticked, code, strong, star, under, del, label, address, bare] = match
    const link = address ?? bare
    const url = link === undefined ? undefined : safeUrl(link)
    if (link !== undefined && !url) {
      plain += char
      at++
      continue
    }
    at += whole!.length
    const italic = star ?? under
    if (escaped !== undefined) plain += escaped
    else if (ticked !== undefined) put({ kind: 'code', text: ticked.trim() })
    else if (code !== undefined) put({ kind: 'code', text: code })
    else if (strong !== undefined) nested('strong', strong)
    else if (italic !== undefined) nested('em', italic)
    else if (del !== undefined) nested('del', del)
    else put({ kind: 'link', text: label || link!, href: url!.href, host: url!.host })
  }
  if (plain) found.push({ kind: 'text', text: plain })
  return found
}

function safeUrl(address: string): URL | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined
  return url && (url.protocol === 'https:' || url.protocol === 'http:') && !url.username && !url.password ? url : undefined
}

/** Characters that steer, join or show nothing: \p{C*} and those that are letters by name only (Hangul and Khmer fillers, grapheme joiner). */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]|\u034f|\u115f|\u1160|\u17b4|\u17b5|\u3164|\uffa0/gu

/** Hidden characters made visible, but for line breaks and tabs: what is approved must be what is seen. */
export const visible = (text: string): string =>
  text.replace(unseen, (char) =>
    char === '\n' || char === '\t' ? char : `⟨U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`,
  )
