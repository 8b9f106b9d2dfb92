// Starts one example on its real runtime, from the built package, and uses it as a client would: `node .ci/examples.mjs node`.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runtime } from './runtimes.mjs'

const root = join(import.meta.dirname, '..')
const dir = mkdtempSync(join(tmpdir(), 'edgeswarm-example-'))
const name = process.argv[2]
/** How each is started, and whether it has sockets and a disk. */
const examples = {
  node: { command: [process.execPath, 'examples/node/server.ts'], socket: true, disk: true },
  deno: { command: () => [runtime('deno'), 'run', '-A', '--no-lock', 'examples/deno/server.ts'], socket: true },
  bun: { command: () => [runtime('bun'), 'examples/bun/server.ts'], socket: true },
  vercel: { command: [process.execPath, '.ci/edge-light.mjs'] },
  cloudflare: { command: [process.execPath, 'examples/chat/start.mjs', '--persist-to', dir], socket: true, disk: true },
}
const example = examples[name]
if (!example) throw new Error(`which example? ${Object.keys(examples).join(', ')}`)

const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, 'localhost', () => {
    const { port } = probe.address()
    probe.close(() => resolve(port))
  })
})
const base = `http://localhost:${port}`
const session = `${base}/agents/assistant/sessions/${crypto.randomUUID()}`
let child

async function start() {
  const [command, ...args] = typeof example.command === 'function' ? example.command() : example.command
  child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, PORT: String(port), DB: join(dir, 'sessions.sqlite') },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  })
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    if (
      await fetch(`${base}/health`).then(
        (response) => response.ok,
        () => false,
      )
    )
      return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('it does not come up')
}
/** The whole group: wrangler has children of its own. */
async function kill() {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  process.kill(-child.pid, 'SIGKILL')
  await gone
}
const post = (url, body, accept = 'application/json') =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', accept }, body: JSON.stringify(body) })
const same = (what, is, want) => {
  if (JSON.stringify(is) !== JSON.stringify(want)) throw new Error(`${what}: ${JSON.stringify(is)}, not ${JSON.stringify(want)}`)
}

try {
  await start()
  const events = await (await post(`${base}/agents/assistant/runs`, { input: 'what time is it?' }, 'text/event-stream')).text()
  const types = [...events.matchAll(/^event: (.*)$/gm)].map(([, type]) => type)
  same('first and last event', [types[0], types.at(-1)], ['start', 'finish'])
  same(
    'a tool ran and text came',
    ['tool-result', 'text'].map((type) => types.includes(type)),
    [true, true],
  )

  const parked = await (await post(`${session}/runs`, { input: 'delete my notes' })).json()
  same('it waits for approval', [parked.finish, parked.pending?.[0]?.call.name], ['pending', 'delete_notes'])
  if (example.disk) {
    // while it waits, its process dies
    await kill()
    await start()
  }
  const done = await (await post(`${session}/pending/${parked.pending[0].id}`, { approve: true })).json()
  same('it went on', done.finish, 'stop')
  const again = await post(`${session}/pending/${parked.pending[0].id}`, { approve: true })
  same('one yes counts once', again.status, 409)

  if (example.socket) {
    const { ticket } = await (await post(`${session}/ticket`, { use: 'socket' })).json()
    const socket = new WebSocket(`${session.replace('http', 'ws')}/socket`, [`edgeswarm.ticket.${ticket}`])
    const finishes = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the socket is silent')), 20_000)
      let count = 0
      socket.addEventListener('open', () => socket.send('{"type":"hello","after":0}'))
      socket.addEventListener('error', () => reject(new Error('the socket failed')))
      socket.addEventListener('message', ({ data }) => {
        if (JSON.parse(data).event?.type === 'finish' && ++count === 2) resolve(clearTimeout(timer) ?? count)
      })
    })
    same('the socket has both turns', finishes, 2)
    socket.close()
  }
  console.log(`example: ${name}: events, approval${example.disk ? ', SIGKILL' : ''}${example.socket ? ', socket' : ''}`)
} finally {
  await kill()
  rmSync(dir, { recursive: true, force: true })
}
