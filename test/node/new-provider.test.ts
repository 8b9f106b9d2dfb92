// A provider in an hour: the command makes one in a copy of the project, and what it made stands.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const copy = mkdtempSync(join(tmpdir(), 'edgeswarm-provider-'))
const parts = [
  '.ci',
  'src',
  'adapters',
  'docs',
  'test/providers',
  'package.json',
  'jsr.json',
  'tsconfig.json',
  'tsconfig.test.json',
  'vitest.config.ts',
  '.gitignore',
  '.oxfmtrc.json',
]
const sh = (...args: string[]): { status: number | null; said: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  })
  return { status, said: stdout + stderr }
}
const make = (...args: string[]): { status: number | null; said: string } => sh('.ci/new-provider.mjs', ...args)
const bin = (name: string): string => join('node_modules/.bin', name)
const read = (file: string): string => readFileSync(join(copy, file), 'utf8')

describe('a new provider', { timeout: 120_000 }, () => {
  beforeAll(() => {
    for (const part of parts) if (existsSync(join(root, part))) cpSync(join(root, part), join(copy, part), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  })
  afterAll(() => rmSync(copy, { recursive: true, force: true }))

  test.each([
    [[], /one name is needed/],
    [['a', 'b'], /one name is needed/],
    [['Acme'], /lower-case words/],
    [['../acme'], /lower-case words/],
    [['acme-'], /lower-case words/],
    [['9lives'], /lower-case words/],
    [['default'], /a word that is taken/],
    [['model'], /a word that is taken/],
    [['openai'], /openai is taken/],
    [['acme', '--url', 'nowhere'], /no address/],
    [['acme', '--url', 'file:///etc'], /no address/],
    [['acme', '--model', "x'); boom("], /no id/],
    [['acme', '--force'], /--force/],
  ])('is refused for %j, and nothing is written', (args, why) => {
    const before = [read('package.json'), read('jsr.json')]
    const { status, said } = make(...args)
    expect([status, said]).toEqual([1, expect.stringMatching(why)])
    expect([read('package.json'), read('jsr.json')]).toEqual(before)
    expect(existsSync(join(copy, 'src/providers/acme.ts'))).toBe(false)
  })

  test('is made once: it compiles, is formatted, is exported, and passes the conformance kit', () => {
    expect(make('acme-labs', '--url', 'https://api.acme.test/v2/', '--model', 'acme/large:1')).toMatchObject({ status: 0 })
    expect(read('src/providers/acme-labs.ts').split('\n').length).toBeLessThan(70)
    expect(read('docs/providers/acme-labs.md')).toContain("from 'edgeswarm/providers/acme-labs'")
    const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, { default: string }> }
    expect(exports['./providers/acme-labs']!.default).toBe('./dist/src/providers/acme-labs.js')
    expect((JSON.parse(read('jsr.json')) as { exports: Record<string, string> }).exports['./providers/acme-labs']).toBe(
      './src/providers/acme-labs.ts',
    )
    expect(make('acme-labs')).toMatchObject({ status: 1, said: expect.stringContaining('acme-labs is taken') as string })

    const files = [
      'src/providers/acme-labs.ts',
      'test/providers/acme-labs.test.ts',
      'docs/providers/acme-labs.md',
      'package.json',
      'jsr.json',
    ]
    const formatted = sh(bin('oxfmt'), '--check', ...files)
    expect(formatted.status, formatted.said).toBe(0)
    const types = sh(bin('tsc'), '-p', '.')
    expect(types.status, types.said).toBe(0)
    const tested = sh('node_modules/vitest/vitest.mjs', 'run', '--project', 'node', 'test/providers/acme-labs.test.ts')
    expect(tested.status, tested.said).toBe(0)
    expect(Number(/Tests +(\d+) passed/.exec(tested.said)?.[1])).toBeGreaterThanOrEqual(12)
  })

  test('whose adapter is broken fails the kit', () => {
    const file = join(copy, 'src/providers/acme-labs.ts')
    const broken = read('src/providers/acme-labs.ts').replace('/chat/completions', '/chat/complete')
    writeFileSync(file, broken)
    expect(sh('node_modules/vitest/vitest.mjs', 'run', '--bail=1', '--project', 'node', 'test/providers/acme-labs.test.ts').status).toBe(1)
  })
})
