import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { app } from '../../src/http/app.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string): Record<string, unknown> => JSON.parse(readFileSync(join(root, file), 'utf8')) as Record<string, unknown>
const npm = read('package.json')
const jsr = read('jsr.json')

test('npm and JSR publish the same version and the same subpaths, of sources that exist', () => {
  const exported = Object.entries(npm.exports as Record<string, string | { types: string; default: string }>)
  const sources = exported.flatMap(([path, target]): [string, string][] => {
    if (typeof target === 'string') return []
    expect(target.types).toBe(target.default.replace(/\.js$/, '.d.ts'))
    return [[path, target.default.replace('./dist/', './').replace(/\.js$/, '.ts')]]
  })
  expect(jsr.exports).toEqual(Object.fromEntries(sources))
  expect(sources.filter(([, file]) => !existsSync(join(root, file)))).toEqual([])
  expect([jsr.version, jsr.license]).toEqual([npm.version, npm.license])
})

test('a service tells the version that is published', async () => {
  const web = app({ agents: {}, auth: 'open' })
  expect(await (await web.request('http://localhost/health')).json()).toEqual({ status: 'ok', version: npm.version, agents: 0 })
})
