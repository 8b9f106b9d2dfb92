import { Agent, OpenAIChatCompletionsModel, run, setTracingDisabled } from '@openai/agents'
import OpenAI from 'openai'
import type { Subject } from '../measure.ts'
import { sseOf } from '../upstream.ts'

export const openaiAgents: Subject = (fetch) => {
  setTracingDisabled(true)
  const model = new OpenAIChatCompletionsModel(new OpenAI({ apiKey: 'key', fetch }), 'gpt-bench')
  const agent = new Agent({ name: 'bench', model })
  return async () => sseOf((await run(agent, 'hi', { stream: true })).toTextStream())
}
