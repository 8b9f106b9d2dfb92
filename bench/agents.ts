// Makes agents in a fresh process (`--expose-gc`): prints µs of CPU for one, and bytes of heap for each of 10,000.
import { cpuUsage, memoryUsage, stdout } from 'node:process'
import { z } from 'zod'
import { agent, tool } from '../src/index.ts'
import { openaiChat } from '../src/providers/openai-chat.ts'

const gc = (globalThis as { gc?: () => void }).gc!
const clock = tool({ name: 'clock', description: 'Tells the time', input: z.object({ zone: z.string().optional() }), run: () => '12:00' })
const make = (at: number) =>
  agent({ name: `agent-${at}`, instructions: 'Be kind.', model: openaiChat('gpt-bench', { apiKey: 'key' }), tools: [clock] })

for (let at = 0; at < 2000; at++) make(at)
gc()
const [heap, before] = [memoryUsage().heapUsed, cpuUsage()]
const agents = Array.from({ length: 10_000 }, (_, at) => make(at))
const { user, system } = cpuUsage(before)
gc()
stdout.write(JSON.stringify({ us: (user + system) / agents.length, bytes: (memoryUsage().heapUsed - heap) / agents.length }))
