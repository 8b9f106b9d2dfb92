// What a hello agent weighs, and what it costs to load: the same smallest service with every kit, as one file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

export interface Bundle {
  /** Minified and gzipped bytes. */
  bytes: number
  /** Where it lies, until `sweep`. */
  file: string
}

const temp = mkdtempSync(join(tmpdir(), 'edgeswarm-bench-'))
export const sweep = (): void => rmSync(temp, { recursive: true, force: true })

/** Bundles a file of `hello/`. */
export async function bundle(name: string): Promise<Bundle> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, `hello/${name}.ts`)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    conditions: ['import'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  })
  const code = outputFiles[0]!.contents
  const file = join(temp, `${name}.mjs`)
  writeFileSync(file, code)
  return { bytes: gzipSync(code, { level: 9 }).length, file }
}
