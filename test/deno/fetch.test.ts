import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { pinnedTests } from '../pinned.ts'

pinnedTests()

test('a proxy of the environment, which would resolve the name again, is not asked', () => {
  const proxy = 'http://127.0.0.1:39873'
  const env = { ...process.env, NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: proxy, https_proxy: proxy, NO_PROXY: '', no_proxy: '' }
  const { stdout } = spawnSync(process.execPath, ['run', '-A', '--no-lock', join(import.meta.dirname, 'proxied.ts'), '39873'], {
    env,
    encoding: 'utf8',
  })
  expect(JSON.parse(stdout)).toEqual({ failed: true, calls: [] })
})
