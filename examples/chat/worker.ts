import { agentSession, durableHost, type SessionBindings } from '../../adapters/cloudflare/index.ts'
import { app } from '../../src/http/app.ts'
import { chatPage } from '../../src/http/page/page.ts'
import { agent, type Agent, type Model } from '../../src/index.ts'
import { demo } from '../../src/providers/demo.ts'
import { openaiChat, openaiCompatible } from '../../src/providers/openai-chat.ts'
import { calculator, countdown, deleteNotes, health, time } from './tools.ts'

interface Env extends SessionBindings {
  OPENAI_API_KEY?: string
  /** Any server that speaks Chat Completions. */
  OPENAI_BASE_URL?: string
  OPENAI_MODEL?: string
  /** Ms between words of the demo model. */
  DEMO_PACE?: string
}

const agents = (env: Env): Record<string, Agent> => ({
  assistant: agent({
    name: 'assistant',
    description: 'Answers, and uses a few tools.',
    instructions: 'You are a helpful assistant. Use the tools when they help. Be brief.',
    model: modelOf(env),
    tools: [time, calculator, countdown, deleteNotes, health((request) => web.fetch(request, env))],
  }),
})

/** The provider whose key is set; without one the demo model, which says so. */
function modelOf({ OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL, OPENAI_MODEL: id = defaults.openai, DEMO_PACE: pace }: Env): Model {
  if (baseURL) return openaiCompatible({ baseURL })(id, { apiKey })
  if (apiKey) return openaiChat(id, { apiKey })
  return demo(pace ? { pace: Number(pace) } : {})
}

/** As of November 2026; `OPENAI_MODEL` chooses another. */
const defaults = { openai: 'gpt-5-mini' }

const web = app<Env>({ agents, auth: 'open', host: durableHost(), page: chatPage })

export const AgentSession = agentSession<Env>({ agents })
export default web
