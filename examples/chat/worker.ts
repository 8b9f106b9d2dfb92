import { agentSession, durableHost, type SessionBindings } from '../../adapters/cloudflare/index.ts'
import { app } from '../../src/http/app.ts'
import { chatPage } from '../../src/http/page/page.ts'
import { agent, type Agent, KitError, type Model } from '../../src/index.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import { demo } from '../../src/providers/demo.ts'
import { gemini } from '../../src/providers/gemini.ts'
import { openaiCompatible } from '../../src/providers/openai-chat.ts'
import { openai } from '../../src/providers/openai.ts'
import { calculator, countdown, deleteNotes, health, time } from './tools.ts'

/** What `.dev.vars` may set; the first key found chooses the provider. */
interface Env extends SessionBindings {
  OPENAI_API_KEY?: string
  /** Any server that speaks Chat Completions, Ollama included: `http://localhost:11434/v1`. */
  OPENAI_BASE_URL?: string
  ANTHROPIC_API_KEY?: string
  GEMINI_API_KEY?: string
  /** Takes the place of the provider's default. */
  MODEL?: string
  /** Ms between words of the demo model. */
  DEMO_PACE?: string
  /** `yes` answers everybody, with the demo model only. */
  PUBLIC?: string
}

/** As of November 2026. */
const defaults = { openai: 'gpt-5.4-mini', anthropic: 'claude-haiku-5-5', gemini: 'gemini-3.8-flash', compatible: 'qwen3' }

const agents = (env: Env): Record<string, Agent> => ({
  assistant: agent({
    name: 'assistant',
    description: 'Answers, and uses a few tools.',
    instructions: 'You are a helpful assistant. Use the tools when they help. Be brief.',
    model: modelOf(env),
    tools: [time, calculator, countdown, deleteNotes, health((request) => local.fetch(request, env))],
  }),
})

function modelOf(env: Env): Model {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY, GEMINI_API_KEY, MODEL, DEMO_PACE, PUBLIC } = env
  // whoever finds an open address could spend what the key pays for
  if (PUBLIC && (OPENAI_API_KEY || OPENAI_BASE_URL || ANTHROPIC_API_KEY || GEMINI_API_KEY))
    throw new KitError('auth/denied', 'PUBLIC is for the demo model: unset the keys, or say who may call (auth)')
  if (OPENAI_BASE_URL) return openaiCompatible({ baseURL: OPENAI_BASE_URL }, { apiKey: OPENAI_API_KEY })(MODEL ?? defaults.compatible)
  if (OPENAI_API_KEY) return openai(MODEL ?? defaults.openai, { apiKey: OPENAI_API_KEY })
  if (ANTHROPIC_API_KEY) return anthropic(MODEL ?? defaults.anthropic, { apiKey: ANTHROPIC_API_KEY })
  if (GEMINI_API_KEY) return gemini(MODEL ?? defaults.gemini, { apiKey: GEMINI_API_KEY })
  return demo(DEMO_PACE ? { pace: Number(DEMO_PACE) } : {})
}

const options = { agents, auth: 'open', host: durableHost(), page: chatPage } as const
const local = app<Env>(options)
const everywhere = app<Env>({ ...options, open: 'public' })

export const AgentSession = agentSession<Env>({ agents })
export default {
  fetch: (request: Request, env: Env) => (env.PUBLIC ? everywhere : local).fetch(request, env),
}
