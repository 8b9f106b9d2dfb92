// CPU that a new isolate needs to evaluate the worker of examples/chat: compiled and run in fresh processes, less an empty module's.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

/** Ms of CPU. CI fails at twice this: a busy machine is slower, a worse bundle is slower still. */
const bar = 15
const times = 15
const dir = mkdtempSync(join(tmpdir(), 'edgeswarm-cold-'))
const measure = (file) =>
  Array.from({ length: times }, () =>
    Number(execFileSync(process.execPath, [join(dir, 'measure.mjs'), join(dir, file)], { encoding: 'utf8' })),
  )
    .sort((a, b) => a - b)
    .at(times >> 1)

try {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '../examples/chat/worker.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'import'],
    external: ['cloudflare:workers'],
  })
  // what the runtime brings is there before the worker: a class of no cost stands for it
  const code = outputFiles[0].text.replace(/import\s*\{([^}]*)\}\s*from\s*"cloudflare:workers";?/, (_, names) => {
    const [, local = 'DurableObject'] = names.split(/\s+as\s+/)
    return `const ${local.trim()}=class{};`
  })
  if (/cloudflare:workers/.test(code)) throw new Error('the worker imports more of cloudflare:workers than this measure knows')
  writeFileSync(join(dir, 'worker.mjs'), code)
  writeFileSync(join(dir, 'empty.mjs'), 'export default {}')
  writeFileSync(
    join(dir, 'measure.mjs'),
    `const before = process.cpuUsage()
// not thrown: Node would print the whole minified line
await import('file://' + process.argv[2]).catch((error) => process.exit(console.error(String(error)) ?? 1))
const { user, system } = process.cpuUsage(before)
console.log((user + system) / 1000)`,
  )
  const own = measure('worker.mjs') - measure('empty.mjs')
  console.log(`cold: ${own.toFixed(1)} ms CPU to evaluate ${(code.length / 1024).toFixed(0)} KiB of worker; the bar is ${bar} ms`)
  process.exitCode = own <= bar * 2 ? 0 : 1
} finally {
  rmSync(dir, { recursive: true, force: true })
}
