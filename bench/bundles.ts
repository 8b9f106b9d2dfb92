// What a hello agent weighs, and what it costs to load: the same smallest service with every kit, as one file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')

export interface Bundle {
  /** Minified and gzipped bytes. */
  bytes: number
  /** Where it lies, until `sweep`. */
  file: string
}

const temp = mkdtempSync(join(tmpdir(), 'edgeswarm-bench-'))
export const sweep = (): void => rmSync(temp, { recursive: true, force: true })

/** Bundles a file of `hello/`, or the example's worker with what only its platform has left empty. */
export async function bundle(name: string): Promise<Bundle> {
  const { outputFiles } = await build({
    entryPoints: [name === 'worker' ? join(root, 'examples/chat/worker.ts') : join(root, `bench/hello/${name}.ts`)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    conditions: ['import'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    plugins: [
      {
        name: 'empty-platform',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: 'empty' }))
          onLoad({ filter: /./, namespace: 'empty' }, () => ({ contents: 'export class DurableObject {}' }))
        },
      },
    ],
  })
  const code = outputFiles[0]!.contents
  const file = join(temp, `${name}.mjs`)
  writeFileSync(file, code)
  return { bytes: gzipSync(code, { level: 9 }).length, file }
}
