// An agent is often made for each request: what it is made of must cost next to nothing.
import { expect, test } from 'vitest'
import { anthropic } from '../../src/providers/anthropic.ts'
import { anthropicServices } from '../../src/providers/anthropic-services.ts'
import { bedrock } from '../../src/providers/bedrock.ts'
import { cohere } from '../../src/providers/cohere.ts'
import { gemini } from '../../src/providers/gemini.ts'
import { geminiServices } from '../../src/providers/gemini-services.ts'
import { huggingface } from '../../src/providers/huggingface.ts'
import { mistral } from '../../src/providers/mistral.ts'
import { ollama } from '../../src/providers/ollama.ts'
import { openai } from '../../src/providers/openai.ts'
import { openaiChat, openaiCompatible } from '../../src/providers/openai-chat.ts'
import { openaiServices } from '../../src/providers/openai-services.ts'
import { presets } from '../../src/providers/presets.ts'
import { workersAi } from '../../src/providers/workers-ai.ts'

const made: Readonly<Record<string, () => unknown>> = {
  anthropic: () => anthropic('claude-haiku-5-5', { apiKey: 'k' }),
  anthropicServices: () => anthropicServices({ apiKey: 'k' }),
  bedrock: () => bedrock('amazon.nova-2-lite-v1:0', { region: 'us-east-1', apiKey: 'k' }),
  cohere: () => cohere('command-a-03-2025', { apiKey: 'k' }),
  gemini: () => gemini('gemini-3.8-flash', { apiKey: 'k' }),
  geminiServices: () => geminiServices({ apiKey: 'k' }),
  huggingface: () => huggingface('openai/gpt-oss-120b', { apiKey: 'k' }),
  mistral: () => mistral('mistral-small-latest', { apiKey: 'k' }),
  ollama: () => ollama('qwen3'),
  openai: () => openai('gpt-5.4-mini', { apiKey: 'k' }),
  openaiChat: () => openaiChat('gpt-5.4-mini', { apiKey: 'k' }),
  openaiServices: () => openaiServices({ apiKey: 'k' }),
  preset: () => openaiCompatible(presets.groq, { apiKey: 'k' })('openai/gpt-oss-120b'),
  workersAi: () => workersAi('@cf/openai/gpt-oss-120b', { account: 'a', apiKey: 'k' }),
}

/** µs, the best of some rounds: what else the machine does is not what is measured. A clock that stands still gives 0. */
function cost(make: () => unknown): number {
  const many = 500
  const rounds = Array.from({ length: 8 }, () => {
    const began = performance.now()
    for (let at = 0; at < many; at++) make()
    return ((performance.now() - began) * 1000) / many
  })
  return Math.min(...rounds)
}

test.each(Object.entries(made))('%s is made in less than 50 µs', (_name, make) => {
  expect(cost(make)).toBeLessThan(50)
})

test('what is slow is found to be', () => {
  const slow = (): unknown => JSON.parse(JSON.stringify(Array.from({ length: 1000 }, (_, at) => ({ at }))))
  // in workerd the clock stands still while code runs
  if (navigator.userAgent !== 'Cloudflare-Workers') expect(cost(slow)).toBeGreaterThan(50)
})
