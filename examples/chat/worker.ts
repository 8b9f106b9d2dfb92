import { agentSession, durableHost, type SessionBindings } from '../../adapters/cloudflare/index.ts'
import { app } from '../../src/http/app.ts'
import { agent, type Agent } from '../../src/index.ts'
import { demo } from '../../src/providers/demo.ts'
import { calculator, deleteNotes, health, time } from './tools.ts'

interface Env extends SessionBindings {
  OPENAI_API_KEY?: string
  /** Ms between words of the demo model. */
  DEMO_PACE?: string
}

const agents = (env: Env): Record<string, Agent> => ({
  assistant: agent({
    name: 'assistant',
    description: 'Answers, and uses a few tools.',
    instructions: 'You are a helpful assistant. Use the tools when they help. Be brief.',
    model: demo(env.DEMO_PACE ? { pace: Number(env.DEMO_PACE) } : {}),
    tools: [time, calculator, deleteNotes, health((request) => web.fetch(request, env))],
  }),
})

const web = app<Env>({ agents, auth: 'open', host: durableHost() })

export const AgentSession = agentSession<Env>({ agents })
export default web
