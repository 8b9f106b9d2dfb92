import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** Minified and gzipped bytes, and what went in. Platform `neutral` fails on any Node import: few bytes and no Node in one. */
async function bundle(contents: string): Promise<{ bytes: number; inputs: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    mainFields: ['module', 'main'],
    conditions: ['import'],
    // what signs for AWS (2.4 KB) and React are their user's own
    external: ['cloudflare:workers', 'react', 'aws4fetch'],
  })
  return { bytes: gzipSync(outputFiles[0]!.contents, { level: 9 }).length, inputs: Object.keys(metafile.inputs) }
}

const KiB = 1024
test.each([
  ['run', "export { agent, run, tool } from './src/index.ts'", 9 * KiB],
  [
    'run + openai chat',
    "export { agent, run, tool } from './src/index.ts'; export { openaiChat } from './src/providers/openai-chat.ts'",
    12 * KiB,
  ],
  [
    'run + anthropic',
    "export { agent, run, tool } from './src/index.ts'; export { anthropic } from './src/providers/anthropic.ts'",
    14.75 * KiB,
  ],
  [
    'run + openai responses',
    "export { agent, run, tool } from './src/index.ts'; export { openai } from './src/providers/openai.ts'",
    16.25 * KiB,
  ],
  [
    'run + openai chat + presets',
    "export { agent, run, tool } from './src/index.ts'; export { openaiCompatible } from './src/providers/openai-chat.ts'; export { presets } from './src/providers/presets.ts'",
    15.25 * KiB,
  ],
  [
    'run + openai responses + chat',
    "export { agent, run, tool } from './src/index.ts'; export { openai } from './src/providers/openai.ts'; export { openaiChat } from './src/providers/openai-chat.ts'",
    19.25 * KiB,
  ],
  [
    'run + openai responses + chat + openai services',
    "export { agent, run, tool } from './src/index.ts'; export { openai } from './src/providers/openai.ts'; export { openaiChat } from './src/providers/openai-chat.ts'; export { openaiServices } from './src/providers/openai-services.ts'",
    25.75 * KiB,
  ],
  ['client', "export { connect } from './src/client/index.ts'", 6 * KiB],
  ['client + react hook', "export { useSession } from './src/client/react.ts'", 8 * KiB],
  [
    'agent + a provider + app()',
    "export { agent } from './src/index.ts'; export { app } from './src/http/app.ts'; export { openaiChat } from './src/providers/openai-chat.ts'",
    30 * KiB,
  ],
])('%s stays small', async (name, code, limit) => {
  const { bytes } = await bundle(code)
  console.log(`size: ${name}: ${bytes} bytes gz of ${limit}`)
  expect(bytes).toBeLessThanOrEqual(limit)
})

/** What each provider costs over the loop: file, export, KiB. */
const own: readonly (readonly [string, string, number])[] = [
  ['anthropic', 'anthropic', 8.6],
  ['anthropic-admin', 'anthropicAdmin', 3.25],
  ['anthropic-cache', 'promptCache', 0.5],
  ['anthropic-documents', 'document, searchResult', 1],
  ['anthropic-memory', 'memoryTool', 3.5],
  ['anthropic-services', 'anthropicServices', 10.25],
  ['anthropic-tools', 'codeExecution, contextEditing, deferred, mcpServer, toolSearch, webFetch, webSearch', 1.5],
  ['cohere', 'cohere', 6],
  // 1.6 KiB of each is the exchange over HTTP that a chat shares with the next one
  ['gemini', 'gemini', 7.75],
  ['gemini', 'vertex', 8.75],
  ['gemini-interactions', 'interactions', 7.25],
  // with the chat that answers batches, speaks and draws
  ['gemini-services', 'geminiServices', 13.75],
  ['gemini-caches', 'geminiCaches', 6],
  ['gemini-stores', 'geminiStores', 4],
  ['gemini-tools', 'googleSearch', 0.5],
  ['mistral', 'mistral', 6],
  ['azure-services', 'azureServices', 10.5],
  ['fireworks-services', 'fireworksServices', 6.75],
  ['groq-services', 'groqServices', 10.5],
  ['openai-completions', 'openaiCompletions', 6],
  ['openai-services', 'openaiCompatibleServices', 6],
  ['openai-services', 'openaiServices', 17.5],
  ['cohere-services', 'cohereServices', 4],
  ['mistral-fim', 'mistralFim', 5],
  // its batches carry the chat
  ['mistral-services', 'mistralServices', 10],
  ['ollama', 'ollama', 6],
  ['ollama-services', 'ollamaServices', 6],
  ['workers-ai', 'workersAi', 6],
  ['workers-ai-services', 'workersAiServices', 6],
  ['huggingface', 'huggingface', 6],
  ['huggingface-services', 'huggingfaceServices', 6],
  ['ai-sdk', 'fromAISDK', 6],
  ['ai-sdk', 'toAISDK', 6],
  ['bedrock', 'bedrock', 10],
]
test.each(own)('%s costs little over the loop', async (file, name, limit) => {
  const loop = "export { agent, run, tool } from './src/index.ts'"
  const [alone, both] = [await bundle(loop), await bundle(`${loop}; export { ${name} } from './src/providers/${file}.ts'`)]
  console.log(`size: ${file} over the loop: ${both.bytes - alone.bytes} bytes gz of ${limit * KiB}`)
  expect(both.bytes - alone.bytes).toBeLessThanOrEqual(limit * KiB)
})

test('importing the root pulls in no provider, no router and no validator', async () => {
  const { inputs } = await bundle("export * from './src/index.ts'")
  expect(inputs.filter((file) => /providers|hono|cfworker|jose|zod/.test(file))).toEqual([])
})

test('a Node built-in does not pass', async () => {
  await expect(bundle("export * from 'node:fs'")).rejects.toThrow()
})
