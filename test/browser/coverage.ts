// What of the page's sources ran in Chromium, in the format that the coverage gate merges.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCoverageMap } from '@vitest/istanbul-lib-coverage'
import { convert } from 'ast-v8-to-istanbul'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { parseAstAsync } from 'vitest/node'
import { root } from '../workerd.ts'

type Entries = Awaited<ReturnType<Page['coverage']['stopJSCoverage']>>

export interface Coverage {
  start(page: Page): Promise<void>
  stop(page: Page): Promise<void>
  /** Writes `coverage/browser/coverage-final.json` and gives the percent of lines. */
  write(): Promise<number>
}

/** Of the page's one script, which is made here once more with a source map: the same options give the same text. */
export async function scriptCoverage(): Promise<Coverage> {
  const browser = join(root, 'src/http/page/browser')
  const { outputFiles } = await build({
    entryPoints: [join(browser, 'script.ts')],
    bundle: true,
    minify: true,
    write: false,
    target: 'es2022',
    format: 'esm',
    charset: 'utf8',
    sourcemap: 'external',
    outdir: browser,
  })
  const [map, script] = [outputFiles.find(({ path }) => path.endsWith('.map'))!, outputFiles.find(({ path }) => path.endsWith('.js'))!]
  const code = script.text.trim()
  const sourceMap = JSON.parse(map.text) as { sources: string[] } & Record<string, unknown>
  sourceMap.sources = sourceMap.sources.map((source) => join(browser, source))
  const entries: Entries = []
  return {
    start: (page) => page.coverage.startJSCoverage({ resetOnNavigation: false }),
    async stop(page) {
      entries.push(...(await page.coverage.stopJSCoverage()).filter(({ source }) => source?.includes(code)))
    },
    async write() {
      if (!entries.length) throw new Error('the script of the page is not what its sources make: run node .ci/page.mjs')
      const ast = await parseAstAsync(code)
      const covered = createCoverageMap()
      for (const { functions, source } of entries) {
        const shift = source!.indexOf(code)
        const moved = functions.map((one) => ({
          ...one,
          ranges: one.ranges.map((range) => ({
            ...range,
            startOffset: Math.max(0, range.startOffset - shift),
            endOffset: Math.min(code.length, range.endOffset - shift),
          })),
        }))
        covered.merge(
          (await convert({
            code,
            ast: ast as never,
            sourceMap: sourceMap as never,
            coverage: { url: `file://${join(browser, 'script.js')}`, functions: moved },
          })) as never,
        )
      }
      covered.filter((file: string) => file.startsWith(browser))
      mkdirSync(join(root, 'coverage/browser'), { recursive: true })
      writeFileSync(join(root, 'coverage/browser/coverage-final.json'), JSON.stringify(covered))
      return Number(covered.getCoverageSummary().lines.pct)
    },
  }
}
