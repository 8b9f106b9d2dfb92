import { el } from './dom.ts'

/** Longer code stays plain. */
const limit = 20_000

const words =
  'abstract and as async await begin bool boolean break case catch char class const continue def default defer del do elif else elsif end enum export extends extern False false final finally float fn for from func function go if impl implements import in include instanceof int interface is lambda let long match mod module mut namespace new nil None not null number of or package pass private protected pub public raise readonly return select self static str string struct super switch this throw trait True true try type typeof undefined unsafe use using val var void where while with yield SELECT FROM WHERE INSERT UPDATE DELETE INTO VALUES JOIN ON GROUP BY ORDER LIMIT AND OR NOT CREATE TABLE'

const keywords = new Set(words.split(' '))
const hash = new Set(['py', 'python', 'sh', 'bash', 'zsh', 'shell', 'yaml', 'yml', 'toml', 'rb', 'ruby', 'r', 'perl', 'dockerfile', 'make'])

/** Colours for comments, strings, numbers and common words of common languages; anything else stays as it is. */
export function highlight(text: string, lang: string): (Node | string)[] {
  if (!lang || text.length > limit || /^(text|plain|txt|md|markdown)$/i.test(lang)) return [text]
  const comment = hash.has(lang.toLowerCase())
    ? '#.*'
    : /sql|lua|haskell/i.test(lang)
      ? '--.*'
      : '//.*|/\\*[^]*?(?:\\*/|$)|<!--[^]*?(?:-->|$)'
  const token = new RegExp(
    `(${comment})|("(?:[^"\\\\\\n]|\\\\.)*"|'(?:[^'\\\\\\n]|\\\\.)*'|\`(?:[^\`\\\\]|\\\\.)*\`)|\\b(\\d[\\w.]*)\\b|\\b([A-Za-z_]\\w*)\\b`,
    'g',
  )
  const found: (Node | string)[] = []
  let at = 0
  for (const match of text.matchAll(token)) {
    const [whole, note, quoted, number, word] = match
    const kind = note ? 'note' : quoted ? 'quoted' : number ? 'number' : word && keywords.has(word) ? 'word' : undefined
    if (!kind) continue
    found.push(text.slice(at, match.index), el('span', { class: kind }, whole))
    at = match.index + whole.length
  }
  found.push(text.slice(at))
  return found
}
