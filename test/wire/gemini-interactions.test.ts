import { describe, expect, test } from 'vitest'
import { user } from '../../src/index.ts'
import { answering, checkCuts, checkEncode, outcome } from './checks.ts'
import { interactionsWire } from './gemini-interactions.ts'
import { recorded, recordings } from './recordings.ts'

describe.skipIf(!recorded)('recorded interactions', () => {
  const all = recordings(['gemini.interactions'])

  test('cut at any byte, an answer stays the same; what is sent is what was sent, and fits the schema', async () => {
    const [cut, sent] = [await checkCuts(interactionsWire, all), await checkEncode(interactionsWire, all)]
    console.log(`wire: gemini.interactions: ${cut} answers, ${sent} requests`)
    expect([cut, sent]).toEqual([all.length, all.length])
    expect(cut).toBeGreaterThanOrEqual(2)
  })

  test('an answer is what its body says; one that is made in the background is told so', async () => {
    for (const recording of all) {
      const { text, usage, finish, error, parts } = await outcome(
        interactionsWire.model(recording, answering(recording))({ messages: [user('hi')] }),
      )
      const body = recording.response.body as {
        status: string
        usage?: Record<string, number>
        steps?: { type: string; signature?: string; content?: { text: string }[] }[]
      }
      if (body.status === 'in_progress') {
        expect(error, recording.id).toBe('model/unsupported')
        continue
      }
      const {
        total_input_tokens: input,
        total_output_tokens: output,
        total_thought_tokens: thought,
        total_cached_tokens: cacheRead,
      } = body.usage!
      expect({ text, usage, finish }, recording.id).toEqual({
        text: body.steps!.flatMap(({ content = [] }) => content.map((each) => each.text)).join(''),
        usage: { input, output: output! + thought!, reasoning: thought, cacheRead },
        finish: { completed: 'stop', incomplete: 'length', requires_action: 'tools' }[body.status],
      })
      const signatures = body.steps!.flatMap(({ signature }) => signature ?? [])
      expect(JSON.stringify(parts), recording.id).toContain(signatures[0])
    }
  })
})
