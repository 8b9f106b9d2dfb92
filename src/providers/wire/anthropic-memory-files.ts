// What the commands of the memory tool do to a directory of files, in the words of
// https://platform.claude.com/docs/en/agents-and-tools/tool-use/memory-tool
import { ToolError } from '../../errors.ts'

export type MemoryCommand =
  | { command: 'view'; path: string; view_range?: unknown }
  | { command: 'create'; path: string; file_text: string }
  | { command: 'str_replace'; path: string; old_str: string; new_str?: string }
  | { command: 'insert'; path: string; insert_line: number; insert_text: string }
  | { command: 'delete'; path: string }
  | { command: 'rename'; old_path: string; new_path: string }

export interface Limits {
  files: number
  fileBytes: number
  bytes: number
  view: number
}

type Files = Map<string, string>

const root = '/memories'

/** Does one command to the files, and gives what the model is told; a mistake of the model is a `ToolError`, and changes nothing. */
export function apply(files: Files, asked: MemoryCommand, limits: Limits): { said: string; changed: boolean } {
  if (asked.command === 'view') return { said: view(files, pathOf(asked.path), asked.view_range, limits), changed: false }
  const changed = new Map(files)
  const said = edit(changed, asked)
  // what is above a bound that was lowered must be able to become less
  if (weight(changed) >= weight(files)) bound(changed, limits)
  files.clear()
  for (const [path, text] of changed) files.set(path, text)
  return { said, changed: true }
}

function edit(files: Files, asked: Exclude<MemoryCommand, { command: 'view' }>): string {
  switch (asked.command) {
    case 'create': {
      const path = pathOf(asked.path)
      if (exists(files, path)) throw new ToolError(`Error: File ${path} already exists`)
      placed(files, path, asked.file_text)
      return `File created successfully at: ${path}`
    }
    case 'str_replace':
      return replace(files, pathOf(asked.path), asked.old_str, asked.new_str ?? '')
    case 'insert':
      return insert(files, pathOf(asked.path), asked.insert_line, asked.insert_text)
    case 'delete': {
      const path = pathOf(asked.path)
      if (path === root) throw new ToolError(`Error: The directory ${root} itself cannot be deleted`)
      const all = below(files, path)
      if (!all.length) throw new ToolError(`Error: The path ${path} does not exist`)
      for (const one of all) files.delete(one)
      return `Successfully deleted ${path}`
    }
    case 'rename': {
      const [from, to] = [pathOf(asked.old_path), pathOf(asked.new_path)]
      if (from === root) throw new ToolError(`Error: The directory ${root} itself cannot be renamed`)
      const all = below(files, from)
      if (!all.length) throw new ToolError(`Error: The path ${from} does not exist`)
      if (exists(files, to)) throw new ToolError(`Error: The destination ${to} already exists`)
      if (to.startsWith(`${from}/`)) throw new ToolError(`Error: ${from} cannot be moved into itself`)
      for (const one of all) {
        const text = files.get(one)!
        files.delete(one)
        placed(files, to + one.slice(from.length), text)
      }
      return `Successfully renamed ${from} to ${to}`
    }
  }
}

/**
 * A path as it is kept: within `/memories`, plain, without a slash at its end. What could mean another place to somebody is refused,
 * also where it could not here: the files may be copied to a disk one day.
 */
function pathOf(given: string): string {
  const refuse = (): never => {
    throw new ToolError(`Error: The path ${JSON.stringify(given.slice(0, 200))} is not allowed: paths are plain and begin with ${root}`)
  }
  const path = given.length > 1 && given.endsWith('/') ? given.slice(0, -1) : given
  const [nothing, first, ...segments] = path.split('/')
  if (path.length > 500 || nothing !== '' || first !== root.slice(1)) return refuse()
  // control characters, halves of characters, other ways to write a slash or dot
  if (/[\p{Cc}\p{Cs}\\]|%(?:00|25|2e|2f|5c)/iu.test(path)) return refuse()
  for (const segment of segments) {
    const plain = segment.normalize('NFKC').trim()
    if (!plain || plain !== segment.normalize('NFKC') || plain === '.' || plain.includes('..') || plain.includes('/')) return refuse()
  }
  return path
}

/** The files at a path: the file itself, or all of a directory. */
const below = (files: Files, path: string): string[] => [...files.keys()].filter((one) => one === path || one.startsWith(`${path}/`))

const exists = (files: Files, path: string): boolean => path === root || below(files, path).length > 0

function placed(files: Files, path: string, text: string): void {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
    if (files.has(path.slice(0, at))) throw new ToolError(`Error: ${path.slice(0, at)} is a file, not a directory`)
  files.set(path, text)
}

const weight = (files: Files): number => [...files.values()].reduce((sum, text) => sum + sizeOf(text), files.size)

function bound(files: Files, { files: most, fileBytes, bytes }: Limits): void {
  if (files.size > most) throw new ToolError(`Error: There can be no more than ${most} files. Delete what is not needed`)
  let total = 0
  for (const [path, text] of files) {
    const size = sizeOf(text)
    total += size
    if (size > fileBytes) throw new ToolError(`Error: File ${path} would have ${size} bytes, more than ${fileBytes}`)
  }
  if (total > bytes) throw new ToolError(`Error: All files would have ${total} bytes, more than ${bytes}. Delete what is not needed`)
}

const sizeOf = (text: string): number => new TextEncoder().encode(text).length

/** Lines as an editor counts them: the end of the last one begins no other. */
function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

const numbered = (lines: readonly string[], from: number): string[] => lines.map((line, at) => `${String(from + at).padStart(6)}\t${line}`)

function view(files: Files, path: string, range: unknown, limits: Limits): string {
  const text = files.get(path)
  if (text !== undefined) return viewFile(path, text, range, limits.view)
  if (!exists(files, path)) throw new ToolError(`The path ${path} does not exist. Please provide a valid path.`)
  const sizes = new Map([[path, 0]])
  for (const file of below(files, path)) {
    const names = file.slice(path.length + 1).split('/')
    if (names.some((name) => name.startsWith('.') || name === 'node_modules')) continue
    const size = sizeOf(files.get(file)!)
    for (let depth = 0; depth <= Math.min(names.length, 2); depth++) {
      const place = [path, ...names.slice(0, depth)].join('/')
      sizes.set(place, (sizes.get(place) ?? 0) + size)
    }
  }
  const lines = [...sizes].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([place, size]) => `${human(size)}\t${place}`)
  const shown = fitting(lines, limits.view)
  const rest = lines.length - shown.length
  return [
    `Here're the files and directories up to 2 levels deep in ${path}, excluding hidden items and node_modules:`,
    ...shown,
    ...(rest ? [`[There is more: ${rest} of ${lines.length} are not shown.]`] : []),
  ].join('\n')
}

/** The first lines that fit into a view. */
function fitting(lines: readonly string[], most: number): string[] {
  const shown: string[] = []
  let left = most
  for (const line of lines) {
    if (shown.length && line.length >= left) break
    // a line that is longer than a view is cut, or it could never be passed
    shown.push(line.slice(0, most))
    left -= line.length + 1
  }
  return shown
}

function human(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`
  const kib = bytes / 1024
  return kib < 1024 ? `${kib.toFixed(1)}K` : `${(kib / 1024).toFixed(1)}M`
}

function viewFile(path: string, text: string, range: unknown, most: number): string {
  const lines = linesOf(text)
  if (lines.length > 999_999) throw new ToolError(`File ${path} exceeds maximum line limit of 999,999 lines.`)
  const [from, to] = rangeOf(range, lines.length)
  const shown = fitting(numbered(lines.slice(from - 1, to), from), most)
  const next = from + shown.length
  const rest = next <= to ? [`[There is more: view it with view_range [${next}, ${to}].]`] : []
  return [`Here's the content of ${path} with line numbers:`, ...shown, ...rest].join('\n')
}

function rangeOf(range: unknown, lines: number): [from: number, to: number] {
  if (range === undefined || range === null) return [1, lines]
  const [from, to] = (Array.isArray(range) ? range : []) as unknown[]
  if (Number.isInteger(from) && Number.isInteger(to)) {
    const last = to === -1 ? lines : (to as number)
    if ((from as number) >= 1 && last >= (from as number) && (from as number) <= Math.max(lines, 1))
      return [from as number, Math.min(last, lines)]
  }
  throw new ToolError(
    `Error: Invalid \`view_range\` parameter: ${JSON.stringify(range).slice(0, 100)}. The file has lines 1 to ${lines}; -1 is the end`,
  )
}

function replace(files: Files, path: string, old: string, fresh: string): string {
  const text = files.get(path)
  if (text === undefined) throw new ToolError(`Error: The path ${path} does not exist. Please provide a valid path.`)
  const places: number[] = []
  for (let at = old ? text.indexOf(old) : -1; at >= 0 && places.length < 100; at = text.indexOf(old, at + 1)) places.push(at)
  const [place, another] = places
  if (place === undefined) throw new ToolError(`No replacement was performed, old_str \`${old}\` did not appear verbatim in ${path}.`)
  const lineOf = (at: number): number => text.slice(0, at).split('\n').length
  if (another !== undefined) {
    const lines = [...new Set(places.map(lineOf))].join(', ')
    throw new ToolError(
      `No replacement was performed. Multiple occurrences of old_str \`${old}\` in lines: ${lines}. Please ensure it is unique`,
    )
  }
  const edited = text.slice(0, place) + fresh + text.slice(place + old.length)
  files.set(path, edited)
  const from = Math.max(1, lineOf(place) - 2)
  const until = lineOf(place) + fresh.split('\n').length + 1
  const snippet = numbered(linesOf(edited).slice(from - 1, until), from)
    .join('\n')
    .slice(0, 4000)
  return `The memory file has been edited. Here is the snippet showing the change (with line numbers):\n${snippet}`
}

function insert(files: Files, path: string, line: number, given: string): string {
  const text = files.get(path)
  if (text === undefined) throw new ToolError(`Error: The path ${path} does not exist`)
  const lines = linesOf(text)
  if (!Number.isInteger(line) || line < 0 || line > lines.length)
    throw new ToolError(
      `Error: Invalid \`insert_line\` parameter: ${line}. It should be within the range of lines of the file: [0, ${lines.length}]`,
    )
  const ended = line === lines.length && given.endsWith('\n') ? given : text
  lines.splice(line, 0, given.endsWith('\n') ? given.slice(0, -1) : given)
  files.set(path, lines.join('\n') + (ended.endsWith('\n') ? '\n' : ''))
  return `The file ${path} has been edited.`
}
