// One subject in a process of its own: `node bench/measure.ts <subject>` prints µs of CPU for a request of each case.
import { argv, cpuUsage, exit, stdout } from 'node:process'
import { answering, cases, drain, reads } from './upstream.ts'

/** Given a `fetch` that leads to the provider, makes the function that answers one request with a stream of bytes. */
export type Subject = (fetch: typeof globalThis.fetch) => () => Response | Promise<Response>

export const subjects: Record<string, () => Promise<Subject>> = {
  floor: async () => (await import('./subjects/floor.ts')).floor,
  loop: async () => (await import('./subjects/edgeswarm.ts')).loop,
  route: async () => (await import('./subjects/edgeswarm.ts')).route,
  session: async () => (await import('./subjects/edgeswarm.ts')).session,
  crowd: async () => (await import('./subjects/edgeswarm.ts')).crowd,
  'ai-sdk': async () => (await import('./subjects/ai-sdk.ts')).aiSdk,
  'openai-agents': async () => (await import('./subjects/openai-agents.ts')).openaiAgents,
  langgraph: async () => (await import('./subjects/langgraph.ts')).langgraph,
}

async function measure(name: string): Promise<Record<string, number>> {
  const subject = await subjects[name]!()
  const answers = Object.entries(cases).map(([label, upstream]) => ({ label, upstream, answer: subject(answering(reads(upstream))) }))
  // all cases first as many times as the compiler needs to be done with them
  for (const { upstream, answer } of answers) {
    const bytes = await drain(await answer())
    if (bytes < upstream.deltas * 20) throw new Error(`${name} gave only ${bytes} bytes for ${upstream.deltas} deltas`)
    await repeat(answer, { ms: 1000, answers: 60_000 / upstream.deltas })
  }
  const took: Record<string, number> = {}
  for (const { label, answer } of answers) {
    await repeat(answer, { ms: 150 })
    took[label] = await repeat(answer, { ms: 250 })
  }
  return took
}

/** µs of CPU for an answer: over `answers` of them, or as many as `ms` of CPU (on a crowded machine three times as long) allow. */
async function repeat(
  answer: () => Response | Promise<Response>,
  { ms, answers = Infinity }: { ms: number; answers?: number },
): Promise<number> {
  const before = cpuUsage()
  const end = performance.now() + 3 * ms
  for (let count = 1; ; count++) {
    await drain(await answer())
    const { user, system } = cpuUsage(before)
    if (count > 1 && (count >= answers || user + system > ms * 1000 || performance.now() > end)) return (user + system) / count
  }
}

const [, main, name] = argv
if (name && main === import.meta.filename) {
  stdout.write(JSON.stringify(await measure(name)))
  exit(0)
}
