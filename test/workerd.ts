// A worker in the real workerd, from its source: what `wrangler dev` does, without its three seconds.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

export const root: string = join(import.meta.dirname, '..')

export interface Served {
  url: string
  /** Ends the process; `start` brings it back with what it had stored. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

/** A port that was free a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

/** What a worker has beside texts. */
export interface More {
  /** Whether the worker has the class `AgentSession`; default true. */
  sessions?: boolean
  /** Other workers by name, each from the source of its module. */
  workers?: Readonly<Record<string, string>>
  /** Bindings as workerd's configuration has them. */
  bound?: readonly string[]
}

export async function serve(
  entry: string,
  bindings: Readonly<Record<string, string>> = {},
  { sessions = true, workers = {}, bound = [] }: More = {},
): Promise<Served> {
  const dir = mkdtempSync(join(tmpdir(), 'edgeswarm-workerd-'))
  const port = await freePort()
  const url = `http://localhost:${port}`
  await build({
    entryPoints: [join(root, entry)],
    outfile: join(dir, 'worker.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers'],
  })
  const texts = Object.entries(bindings).map(([name, text]) => `(name = "${name}", text = "${text}")`)
  const others = Object.entries(workers).map(([name, source]) => {
    writeFileSync(join(dir, `${name}.js`), source)
    return `(name = "${name}", worker = (modules = [ (name = "${name}.js", esModule = embed "${name}.js") ], compatibilityDate = "2026-08-01")),`
  })
  writeFileSync(
    join(dir, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "disk", disk = (path = "${dir}/do", writable = true)),
    ${others.join('\n    ')}
    # what a worker may reach: this machine, and nothing else
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [ (name = "http", address = "127.0.0.1:${port}", http = (), service = "main") ],
);
const worker :Workerd.Worker = (
  modules = [ (name = "worker.js", esModule = embed "worker.js") ],
  compatibilityDate = "2026-08-01",
  ${sessions ? 'durableObjectNamespaces = [ (className = "AgentSession", uniqueKey = "test", enableSql = true) ],' : ''}
  durableObjectStorage = (localDisk = "disk"),
  bindings = [ ${[...(sessions ? ['(name = "SESSIONS", durableObjectNamespace = "AgentSession")'] : []), ...texts, ...bound].join(', ')} ],
);`,
  )
  mkdirSync(join(dir, 'do'))
  let child: ChildProcess | undefined
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child!.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
  const start = async (): Promise<void> => {
    child = spawn(join(root, 'node_modules/.bin/workerd'), ['serve', join(dir, 'config.capnp'), '--experimental'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    await up(url).catch(async (error: unknown) => {
      await kill()
      throw error
    })
  }
  await start()
  return {
    url,
    kill,
    start,
    async stop() {
      await kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Waits until a service answers; throws after 30 s. */
export async function up(url: string): Promise<void> {
  for (const until = Date.now() + 30_000; ;) {
    const ok = await fetch(`${url}/health`).then(
      (response) => response.ok,
      () => false,
    )
    if (ok) return
    if (Date.now() > until) throw new Error(`${url} does not come up`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
