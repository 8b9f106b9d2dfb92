// What users get: the packed package, installed into an empty project with the newest releases of its peers, says hello,
// and its types hold for the TypeScript of yesterday, today and tomorrow, the declarations themselves included.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const dir = mkdtempSync(join(tmpdir(), 'edgeswarm-pack-'))
const run = (command, args, cwd = dir) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
try {
  const [{ filename, files, size }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', dir], root))
  const { exports, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const { zod, typescript, '@types/node': node, '@cloudflare/workers-types': workers } = devDependencies
  const everything = Object.keys(exports)
    .filter((path) => !path.endsWith('.json') && path !== './cloudflare')
    .map((path) => path.replace('.', 'edgeswarm'))
  writeFileSync(join(dir, 'package.json'), '{"private":true,"type":"module"}')
  run('npm', ['i', '--no-audit', '--no-fund', `./${filename}`, 'hono', 'jose', `zod@${zod}`])
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

  const compilers = { ts5: '~5.9.0', ts6: '^6.0.0', ts7: typescript }
  const packages = Object.entries(compilers).map(([name, version]) => `${name}@npm:typescript@${version}`)
  run('npm', [
    'i',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    ...packages,
    `@types/node@${node}`,
    `@cloudflare/workers-types@${workers}`,
  ])
  writeFileSync(
    join(dir, 'user.ts'),
    `import { agent, run, stream, tool, type Event } from 'edgeswarm'
import { app, localHost } from 'edgeswarm/http'
import { jsonSchema } from 'edgeswarm/schema/json'
import { scripted } from 'edgeswarm/testing'
import { z } from 'zod'
${everything.map((path, at) => `import * as all${at} from '${path}'`).join('\n')}
export const all = [${everything.map((_, at) => `all${at}`).join(', ')}]
const clock = tool({ name: 'clock', input: z.object({ zone: z.string() }), run: ({ zone }) => zone.length })
const add = tool({ name: 'add', input: jsonSchema<{ n: number }>({ type: 'object' }), run: ({ n }) => n + 1 })
const hello = agent('hello').model(scripted('Hi!')).tool(clock, add).build()
const plain = agent({ name: 'plain', model: scripted('{"n":1}'), output: z.object({ n: z.number() }) })
export const text: string = (await run(hello, 'Hi')).text
export const n: number | undefined = (await run(plain, 'Hi')).output?.n
export const events: AsyncIterable<Event> = stream(hello, 'Hi')
export default app({ agents: { hello, plain }, auth: 'open', host: localHost() })
// @ts-expect-error an agent without a model cannot be built
agent('none').build()
// @ts-expect-error the tool has no such input
tool({ name: 'wrong', input: z.object({ a: z.string() }), run: ({ b }) => b })
`,
  )
  const options = {
    target: 'ES2022',
    module: 'NodeNext',
    lib: ['ES2024', 'WebWorker', 'ESNext.Disposable'],
    types: ['node'],
    strict: true,
    noEmit: true,
  }
  writeFileSync(
    join(dir, 'worker.ts'),
    `import { agent } from 'edgeswarm'
import { agentSession, durableHost, type SessionBindings } from 'edgeswarm/cloudflare'
import { demo } from 'edgeswarm/demo'
import { app } from 'edgeswarm/http'
const agents = { hello: agent({ name: 'hello', model: demo() }) }
export const AgentSession = agentSession<SessionBindings>({ agents })
export default app<SessionBindings>({ agents, auth: 'open', host: durableHost() })
`,
  )
  const worker = { ...options, lib: ['ES2024'], types: ['@cloudflare/workers-types'] }
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['user.ts'] }))
  writeFileSync(join(dir, 'tsconfig.worker.json'), JSON.stringify({ compilerOptions: worker, include: ['worker.ts'] }))
  for (const name of Object.keys(compilers)) {
    const tsc = `node_modules/${name}/${name === 'ts7' ? 'bin/tsc' : 'lib/tsc.js'}`
    for (const project of ['tsconfig.json', 'tsconfig.worker.json']) {
      const { stdout, stderr } = spawnSync('node', [tsc, '-p', project, '--pretty', 'false'], { cwd: dir, encoding: 'utf8' })
      // what other packages declare is theirs
      const ours = `${stdout}${stderr}`
        .split('\n')
        .filter((line) => /^(user\.ts|worker\.ts|node_modules\/edgeswarm\/|error|node:)/.test(line))
      if (ours.length) throw new Error(`${name} ${project}:\n${ours.join('\n')}`)
    }
  }
  console.log(
    `pack: ${files.length} files, ${size} bytes; TypeScript ${Object.keys(compilers)
      .map((name) => JSON.parse(readFileSync(join(dir, 'node_modules', name, 'package.json'), 'utf8')).version)
      .join(', ')}`,
  )
} finally {
  rmSync(dir, { recursive: true, force: true })
}
