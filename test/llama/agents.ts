// What the tests ask for, as agents behind the HTTP surface: the same on Node and in workerd.
import { z } from 'zod'
import { app } from '../../src/http/app.ts'
import { agent, type Agent, type Model, tool } from '../../src/index.ts'
import { ollama } from '../../src/providers/ollama.ts'
import { openaiCompatible } from '../../src/providers/openai-chat.ts'

export const dialects = ['openai', 'ollama'] as const
export type Dialect = (typeof dialects)[number]

const model = (dialect: Dialect, base: string): Model =>
  dialect === 'openai'
    ? openaiCompatible({ baseURL: `${base}/v1`, provider: 'llama' })('stories260K')
    : ollama('stories260K', { baseURL: base, provider: 'llama' })

/** The most that a story may have: long enough to be cut off in its middle. */
export const longest = 400

const weather = tool({
  name: 'get_weather',
  description: 'The weather of a city.',
  input: z.object({ city: z.enum(['Paris', 'Rome']), unit: z.enum(['celsius', 'fahrenheit']) }),
  run: ({ city, unit }) => `It is 20 degrees ${unit} in ${city}.`,
})
const time = tool({ name: 'get_time', description: 'The time.', input: z.object({ zone: z.enum(['UTC']) }), run: () => 'It is noon.' })

/** Agents by dialect and task: `openai-story`, `openai-tool`, `openai-form`. */
export function agentsOf(base: string): Record<string, Agent> {
  const agents: Record<string, Agent> = {}
  for (const dialect of dialects) {
    const common = { model: model(dialect, base), timeouts: { firstChunk: 20_000, idle: 20_000 } }
    const add = (task: string, more: Partial<Agent>): void => {
      const name = `${dialect}-${task}`
      agents[name] = agent({ name, ...common, ...more } as Agent)
    }
    add('story', { settings: { maxTokens: 60, temperature: 0 } })
    add('saga', { settings: { maxTokens: longest, temperature: 0 } })
    add('tool', { tools: [weather, time], settings: { maxTokens: 40, temperature: 0 } })
    add('form', {
      output: z.object({ title: z.enum(['The ball', 'The dog']), good: z.boolean() }),
      settings: { maxTokens: 60, temperature: 0 },
    })
  }
  return agents
}

export const storyApp = (base: string): ReturnType<typeof app> => app({ agents: agentsOf(base), auth: 'open' })
