import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// the same files on three runtimes; what needs Node has a folder of its own
const neutral = ['test/*.test.ts', 'test/behaviours/*.test.ts', 'test/providers/*.test.ts']
const peers = join(import.meta.dirname, 'bench/node_modules')

/** Ms: a lane may share its machine with others. */
const testTimeout = 20_000

export default defineConfig({
  test: {
    // a lane writes to a folder of its own, with the provider that its runtime has: `.ci/test.mjs` adds them up
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'adapters/**/*.ts'],
      // runs in a browser and is counted there
      exclude: ['src/http/page/browser/**'],
      reporter: ['json'],
      reportsDirectory: 'coverage/node',
      // a test that fails must not also hide what was reached
      reportOnFailure: true,
    },
    projects: [
      {
        test: {
          name: 'node',
          testTimeout,
          include: [
            ...neutral,
            'test/node/*.test.ts',
            'test/wire/*.test.ts',
            'test/page/*.test.ts',
            'test/client/*.test.ts',
            'test/sqlite/*.test.ts',
            'test/vercel/*.test.ts',
          ],
        },
      },
      { test: { name: 'edge', testTimeout, include: [...neutral, 'test/vercel/*.test.ts'], environment: 'edge-runtime' } },
      {
        plugins: [
          cloudflareTest({
            main: './test/workerd/worker.ts',
            miniflare: {
              compatibilityDate: '2026-08-01',
              durableObjects: { SESSIONS: { className: 'AgentSession', useSQLite: true } },
            },
          }),
        ],
        test: { name: 'workerd', testTimeout, include: [...neutral, 'test/workerd/*.test.ts'] },
      },
      { test: { name: 'deno', testTimeout, include: [...neutral, 'test/sqlite/*.test.ts', 'test/deno/*.test.ts'] } },
      { test: { name: 'bun', testTimeout, include: [...neutral, 'test/sqlite/*.test.ts', 'test/bun/*.test.ts'] } },
      { test: { name: 'crash', include: ['test/crash/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'llama', include: ['test/llama/*.test.ts'], testTimeout: 60_000 } },
      {
        // the packages that the bench compares with are installed there
        resolve: {
          alias: [
            { find: /^ai$/, replacement: join(peers, 'ai/dist/index.js') },
            { find: /^ai\/test$/, replacement: join(peers, 'ai/dist/test/index.js') },
            { find: /^@ai-sdk\/openai$/, replacement: join(peers, '@ai-sdk/openai/dist/index.js') },
          ],
        },
        test: { name: 'ai-sdk', include: ['test/ai-sdk/*.test.ts'] },
      },
      { test: { name: 'browser', include: ['test/browser/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 } },
    ],
  },
})
