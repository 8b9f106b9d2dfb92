// Adds up what the lanes left under coverage/<lane>/coverage-final.json (Istanbul's format) and holds the sum to a bar.
// A line counts as reached when any lane reached it; a file that no lane loaded counts with all its lines.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createCoverageMap } from '@vitest/istanbul-lib-coverage'

const root = join(import.meta.dirname, '..')
const dir = join(root, 'coverage')
const bar = Number(process.argv[2])
const map = createCoverageMap()
const lanes = (existsSync(dir) ? readdirSync(dir) : []).filter((lane) => existsSync(join(dir, lane, 'coverage-final.json')))
for (const lane of lanes) map.merge(JSON.parse(readFileSync(join(dir, lane, 'coverage-final.json'), 'utf8')))

let [total, reached] = [0, 0]
const open = []
for (const path of map.files()) {
  const file = relative(root, path)
  if (!/^(src|adapters)\/.*\.ts$/.test(file) || file.endsWith('/generated.ts')) continue
  const lines = Object.entries(map.fileCoverageFor(path).getLineCoverage())
  const left = lines.filter(([, count]) => !count).map(([line]) => Number(line))
  total += lines.length
  reached += lines.length - left.length
  if (left.length) open.push({ file, left, of: lines.length })
}
for (const { file, left, of } of open.sort((a, b) => b.left.length - a.left.length).slice(0, 12))
  console.log(`${file}: ${left.length} of ${of} not reached: ${ranges(left)}`)
const percent = total ? Math.floor((reached / total) * 10_000) / 100 : 0
console.log(`coverage: ${percent} % of ${total} lines, from ${lanes.join(', ') || 'no lane'}`)
// NaN, too, is under the bar
process.exitCode = percent >= bar ? 0 : 1

function ranges(lines) {
  const found = []
  for (const line of lines) {
    const last = found.at(-1)
    if (last && line <= last[1] + 2) last[1] = line
    else found.push([line, line])
  }
  const text = found.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(' ')
  return text.length > 160 ? `${text.slice(0, 159)}…` : text
}
