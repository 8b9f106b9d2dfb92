// What users get: the packed package, installed into an empty project with its peers, says hello.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const dir = mkdtempSync(join(tmpdir(), 'edgeswarm-pack-'))
const run = (command, args, cwd = dir) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
try {
  const [{ filename, files, size }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', dir], root))
  console.log(`${files.length} files, ${size} bytes`)
  const { zod } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies
  writeFileSync(join(dir, 'package.json'), '{"private":true,"type":"module"}')
  run('npm', ['i', '--no-audit', '--no-fund', `./${filename}`, 'hono', `zod@${zod}`])
  writeFileSync(
    join(dir, 'hello.js'),
    `import { agent, run, stream, tool } from 'edgeswarm'
import { app } from 'edgeswarm/http'
import { scripted } from 'edgeswarm/testing'
import { jsonSchema } from 'edgeswarm/schema/json'
import { z } from 'zod'
const clock = tool({ name: 'clock', input: z.object({}), run: () => '12:00' })
const plain = tool({ name: 'plain', input: jsonSchema({ type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }), run: ({ n }) => n + 1 })
const call = (name, input) => [{ type: 'call', id: name, name, input }]
const hello = agent('hello').model(scripted(call('clock', {}), call('plain', { n: 'x' }), call('plain', { n: 1 }), 'Hello!', 'Hi!')).tool(clock, plain).build()
const { text, messages } = await run(hello, 'Hi')
if (text !== 'Hello!') throw new Error(text)
const results = messages.filter(({ role }) => role === 'tool').map(({ parts }) => parts[0])
if (results[0].output !== '12:00' || results[1].error?.code !== 'tool/input' || results[2].output !== 2) throw new Error(JSON.stringify(results))
const response = await app({ agents: { hello }, auth: 'open' }).request('http://localhost/agents/hello/runs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"input":"Hi"}' })
if ((await response.json()).text !== 'Hi!') throw new Error('no answer over HTTP')
`,
  )
  run('node', ['hello.js'])
} finally {
  rmSync(dir, { recursive: true, force: true })
}
