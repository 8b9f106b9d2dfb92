// Every recorded interaction must have been read by some check of this run; what is out of scope is named here, with its reason.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const index = join(root, '../shared/wire/recordings/INDEX.json')
const notes = join(root, 'coverage/wire')

/** Protocols that the kit does not speak, and why. */
const outOfScope = {
  'azure-openai.realtime': 'live speech over a WebSocket',
  'cohere.v1.chat': 'a protocol that the vendor replaced by v2',
  'gemini.live': 'live speech over a WebSocket',
  'openai.realtime': 'live speech over a WebSocket',
  'xai.realtime': 'live speech over a WebSocket',
}
const most = 0.05
/** How many there were when this was written: fewer are no longer the data that was checked. */
const least = 475

if (!existsSync(index) || !existsSync(notes)) {
  console.error(existsSync(index) ? 'run the unit lane on Node first' : '../shared/wire/recordings is missing')
  process.exit(1)
}
const all = JSON.parse(readFileSync(index, 'utf8'))
const read = new Set(readdirSync(notes).flatMap((file) => JSON.parse(readFileSync(join(notes, file), 'utf8'))))
const out = all.filter(({ api }) => api in outOfScope)
const unread = all.filter(({ id, api }) => !read.has(id) && !(api in outOfScope))
for (const { id, api } of out) console.log(`out of scope: ${id}: ${outOfScope[api]}`)
for (const { id } of unread) console.error(`never read: ${id}`)
console.log(
  `wire: ${all.length - out.length - unread.length} of ${all.length} recordings read, ${out.length} out of scope, ${unread.length} forgotten`,
)
if (unread.length || out.length > all.length * most || all.length < least) process.exit(1)
