/** A piece of inline text. */
export type Inline = { kind: 'text' | 'code' | 'strong' | 'em'; text: string } | { kind: 'link'; text: string; href: string; host: string }

export type Block =
  | { kind: 'p' | 'quote'; text: string }
  | { kind: 'h'; level: number; text: string }
  | { kind: 'code'; lang: string; text: string }
  | { kind: 'list'; ordered: boolean; items: string[] }
  | { kind: 'table'; rows: string[][] }

/** The blocks of a text, in one pass over its lines: hostile input costs no more than its length. */
export function blocks(source: string): Block[] {
  const found: Block[] = []
  const lines = source.split('\n')
  for (let at = 0; at < lines.length;) {
    const line = lines[at]!
    const fence = /^ {0,3}```+\s*([\w+-]*)/.exec(line)
    if (fence) {
      const body: string[] = []
      for (at++; at < lines.length && !/^ {0,3}```/.test(lines[at]!); at++) body.push(lines[at]!)
      at++
      found.push({ kind: 'code', lang: fence[1]!, text: body.join('\n') })
      continue
    }
    const heading = /^(#{1,6}) +(.*)/.exec(line)
    if (heading) {
      found.push({ kind: 'h', level: heading[1]!.length, text: heading[2]! })
      at++
      continue
    }
    if (line.startsWith('|') && /^\|[\s:|-]+\|?\s*$/.test(lines[at + 1] ?? '')) {
      const rows = [cells(line)]
      for (at += 2; lines[at]?.startsWith('|'); at++) rows.push(cells(lines[at]!))
      found.push({ kind: 'table', rows })
      continue
    }
    const item = /^\s{0,3}(?:[-*]|(\d{1,9})[.)]) +/.exec(line)
    if (item) {
      const ordered = item[1] !== undefined
      const items: string[] = []
      for (let match; at < lines.length && (match = /^\s{0,3}(?:[-*]|\d{1,9}[.)]) +(.*)/.exec(lines[at]!)); at++) items.push(match[1]!)
      found.push({ kind: 'list', ordered, items })
      continue
    }
    if (!line.trim()) {
      at++
      continue
    }
    const quoted = line.startsWith('>')
    const body: string[] = []
    for (
      ;
      at < lines.length &&
      lines[at]!.trim() &&
      lines[at]!.startsWith('>') === quoted &&
      !/^( {0,3}```|#{1,6} |\s{0,3}[-*] )/.test(body.length ? lines[at]! : '');
      at++
    ) {
      body.push(quoted ? lines[at]!.replace(/^> ?/, '') : lines[at]!)
    }
    found.push({ kind: quoted ? 'quote' : 'p', text: body.join('\n') })
  }
  return found
}

const cells = (line: string): string[] =>
  line
    .replace(/^\||\|\s*$/g, '')
    .split('|')
    .map((cell) => cell.trim())

/** The inline pieces of a text. Links are http(s) only and keep their host for show; images become links; HTML stays text. */
export function inlines(text: string): Inline[] {
  const found: Inline[] = []
  let plain = ''
  const flush = (): void => {
    if (plain) found.push({ kind: 'text', text: plain })
    plain = ''
  }
  const rule =
    /`([^`\n]{1,2000})`|\*\*([^*\n]{1,2000})\*\*|\*([^*\s][^*\n]{0,2000})\*|!?\[([^[\]\n]{0,500})\]\(([^()\s]{1,2000})\)|(https?:\/\/[^\s<>()"'`]{1,2000})/y
  for (let at = 0; at < text.length;) {
    rule.lastIndex = at
    const match = '`*![h'.includes(text[at]!) ? rule.exec(text) : null
    const address = match?.[5] ?? match?.[6]
    const url = address === undefined ? undefined : safeUrl(address)
    if (!match || (address !== undefined && !url)) {
      plain += text[at++]
      continue
    }
    flush()
    if (match[1] !== undefined) found.push({ kind: 'code', text: match[1] })
    else if (match[2] !== undefined) found.push({ kind: 'strong', text: match[2] })
    else if (match[3] !== undefined) found.push({ kind: 'em', text: match[3] })
    else found.push({ kind: 'link', text: match[4] || address!, href: url!.href, host: url!.host })
    at = rule.lastIndex
  }
  flush()
  return found
}

function safeUrl(address: string): URL | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined
  return url && (url.protocol === 'https:' || url.protocol === 'http:') && !url.username ? url : undefined
}

/** Control and bidirectional characters made visible: what is approved must be what is seen. */
// oxlint-disable no-control-regex -- these are the very characters to show
export const visible = (text: string): string =>
  text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (char) => `⟨U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
  )
