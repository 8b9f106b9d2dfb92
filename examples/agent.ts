// The agent that the small examples serve. The demo model needs no key; `openaiChat('gpt-5.4-mini', { apiKey })` takes its place.
import { agent, type Agent, tool } from 'edgeswarm'
import { demo } from 'edgeswarm/demo'

const time = tool({ name: 'time', description: 'Tells the time.', idempotent: true, run: () => new Date().toISOString() })
const forget = tool({ name: 'delete_notes', description: 'Deletes notes. Needs approval.', approval: true, run: () => 'deleted' })

export const assistant: Agent = agent({ name: 'assistant', instructions: 'Be brief.', model: demo(), tools: [time, forget] })
