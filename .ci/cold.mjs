// CPU that a new isolate needs to compile and evaluate a worker: in fresh processes, less an empty module's.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

/** Ms of CPU. CI fails at twice this: a busy machine is slower, a worse bundle is slower still. */
const bar = 15
const times = 15
const root = join(import.meta.dirname, '..')
const dir = mkdtempSync(join(tmpdir(), 'edgeswarm-cold-'))

const workers = {
  'a worker with one provider, sessions and the page': `
    import { agentSession, durableHost } from './adapters/cloudflare/index.ts'
    import { app } from './src/http/app.ts'
    import { chatPage } from './src/http/page/page.ts'
    import { agent } from './src/index.ts'
    import { openaiChat } from './src/providers/openai-chat.ts'
    const agents = (env) => ({ a: agent({ name: 'a', model: openaiChat('m', { apiKey: env.KEY }) }) })
    export const AgentSession = agentSession({ agents })
    export default app({ agents, auth: 'open', host: durableHost(), page: chatPage })`,
  'the example chat, with all wires': "export * from './examples/chat/worker.ts'; export { default } from './examples/chat/worker.ts'",
}

/** What the runtime brings is there before the worker: a class of no cost stands for it. */
async function bundled(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'import'],
    external: ['cloudflare:workers'],
  })
  const code = outputFiles[0].text.replace(/import\s*\{([^}]*)\}\s*from\s*"cloudflare:workers";?/, (_, names) => {
    const [, local = 'DurableObject'] = names.split(/\s+as\s+/)
    return `const ${local.trim()}=class{};`
  })
  if (/cloudflare:workers/.test(code)) throw new Error('the worker imports more of cloudflare:workers than this measure knows')
  return code
}

/** The median. */
function measure(code) {
  writeFileSync(join(dir, 'worker.mjs'), code)
  const once = () => Number(execFileSync(process.execPath, ['--experimental-vm-modules', '--no-warnings', join(dir, 'measure.mjs')]))
  return Array.from({ length: times }, once)
    .sort((a, b) => a - b)
    .at(times >> 1)
}

try {
  writeFileSync(
    join(dir, 'measure.mjs'),
    `import { readFileSync } from 'node:fs'
import vm from 'node:vm'
const code = readFileSync(${JSON.stringify(join(dir, 'worker.mjs'))}, 'utf8')
const before = process.cpuUsage()
const module = new vm.SourceTextModule(code)
await module.link(() => {})
await module.evaluate()
const { user, system } = process.cpuUsage(before)
console.log((user + system) / 1000)`,
  )
  const empty = measure('export default {}')
  for (const [name, contents] of Object.entries(workers)) {
    const code = await bundled(contents)
    const own = measure(code) - empty
    console.log(`cold: ${own.toFixed(1)} ms CPU of ${bar} for ${(code.length / 1024).toFixed(0)} KiB: ${name}`)
    if (own > bar * 2) process.exitCode = 1
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}
