import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import type { KitError, Part } from '../../src/index.ts'
import { traitsOf } from '../../src/providers/wire/openai-models.ts'
import { answering, checkCuts, checkEncode, checkErrors, checkLoops, type Fields, loops, outcome } from './checks.ts'
import { functionCalls, responses, unfaithful } from './openai-responses.ts'
import { recorded, recordings } from './recordings.ts'

const all = recordings((api) => api.endsWith('.responses'))
const good = all.filter(({ response: { status } }) => status === 200)
const bad = all.filter(({ response: { status } }) => status >= 400)

describe.skipIf(!recorded)('recorded answers of the Responses API', () => {
  test('cut at any byte, an answer stays the same', async () => {
    const checked = await checkCuts(responses, good)
    console.log(`wire: responses decode: ${checked} answers`)
    expect(checked).toBeGreaterThanOrEqual(53)
  }, 60_000)

  test('the official SDK reads the same from the same answer', async () => {
    let checked = 0
    for (const recording of good) {
      const client = new OpenAI({ apiKey: 'k', fetch: answering(recording, 5), maxRetries: 0 })
      const ask = { model: 'm', input: 'hi' }
      let whole: OpenAI.Responses.Response | undefined
      let deltas = ''
      if (recording.response.sse === undefined) whole = await client.responses.create(ask)
      else
        for await (const event of await client.responses.create({ ...ask, stream: true })) {
          if (event.type === 'response.output_text.delta') deltas += event.delta
          if (event.type === 'response.completed' || event.type === 'response.incomplete') whole = event.response
        }
      const ours = (await outcome(responses.model(recording, answering(recording))({ messages: [] }))) as unknown as Ours
      if (ours.error !== undefined) {
        expect(whole?.status ?? 'failed', recording.id).not.toBe('completed')
        continue
      }
      const texts = whole!.output.flatMap((item) => (item.type === 'message' ? item.content : []))
      const said = texts.map((part) => (part.type === 'output_text' ? part.text : '')).join('')
      expect(ours.text, recording.id).toBe(said)
      if (recording.response.sse !== undefined) expect(deltas, recording.id).toBe(said)
      expect(ours.parts.map((part) => (part.type === 'text' ? part.text : '')).join(''), recording.id).toBe(said)
      expect(
        functionCalls(ours.parts)
          .filter(({ replay }) => !(replay?.data as Fields | undefined)?.type)
          .map(({ id, name, input }) => ({ id, name, input })),
        recording.id,
      ).toEqual(
        whole!.output.flatMap((item) =>
          item.type === 'function_call' ? [{ id: item.call_id, name: item.name, input: JSON.parse(item.arguments) as unknown }] : [],
        ),
      )
      expect(ours.reasoning, recording.id).toBe(
        whole!.output
          .flatMap((item) =>
            item.type === 'reasoning' ? [(item.content?.length ? item.content : item.summary).map(({ text }) => text).join('\n\n')] : [],
          )
          .join(''),
      )
      expect(ours.sources.length, recording.id).toBe(texts.flatMap((part) => (part.type === 'output_text' ? part.annotations : [])).length)
      const { usage, incomplete_details } = whole!
      if (usage)
        expect(ours.usage, recording.id).toMatchObject({
          input: usage.input_tokens,
          output: usage.output_tokens,
          cacheRead: usage.input_tokens_details.cached_tokens,
          reasoning: usage.output_tokens_details.reasoning_tokens,
        })
      const reason = incomplete_details?.reason
      expect(ours.finish, recording.id).toBe(
        reason === 'max_output_tokens'
          ? 'length'
          : reason === 'content_filter'
            ? 'refusal'
            : functionCalls(ours.parts).length
              ? 'tools'
              : texts.some(({ type }) => type === 'refusal')
                ? 'refusal'
                : 'stop',
      )
      checked++
    }
    console.log(`wire: responses against the SDK: ${checked} answers`)
    expect(checked).toBeGreaterThanOrEqual(53)
  }, 60_000)

  test('what is sent for a recorded call is what was recorded', async () => {
    const checked = await checkEncode(responses, all)
    console.log(`wire: responses encode: ${checked} bodies`)
    expect(checked).toBeGreaterThanOrEqual(57)
    expect(Object.keys(responses.skip).length / all.length).toBeLessThan(0.05)
  }, 60_000)

  test('a recorded conversation goes on by itself, word for word', async () => {
    const groups = loops(responses, all)
    const faithful = groups.filter(([first]) => !(first!.group in unfaithful))
    const checked = await checkLoops(responses, faithful)
    console.log(`wire: responses loops: ${checked} of ${groups.length} conversations`)
    expect(checked).toBeGreaterThanOrEqual(8)
  }, 60_000)

  test('an error has its code, and says nothing of the provider’s body', async () => {
    const seen = await checkErrors(responses, bad, ({ id, response: { status } }, { code, retryable }: KitError) => {
      expect({ code, retryable }, id).toEqual(expectedError(status, JSON.stringify(bad.find((one) => one.id === id)!.response.body ?? '')))
    })
    console.log(`wire: responses errors: ${bad.length} ${JSON.stringify(seen)}`)
    expect(bad.length).toBeGreaterThanOrEqual(5)
  })

  test('the table of models asks for encrypted reasoning exactly where a client that knows the models did', async () => {
    const sure = good.filter(({ provider, request: { body } }) => provider === 'openai' && body?.store === false)
    for (const { id, request } of sure)
      expect(traitsOf(String(request.body!.model)).reasoning, id).toBe(
        ((request.body!.include as string[] | undefined) ?? []).includes('reasoning.encrypted_content'),
      )
    expect(sure.length).toBeGreaterThanOrEqual(10)
  })
})

interface Ours extends Fields {
  error?: string
  text: string
  reasoning: string
  parts: Part[]
  sources: unknown[]
  finish: string
  usage: unknown
}

/** By hand, from what the bodies say; the first that fits. */
const meanings: readonly [RegExp, string, boolean][] = [
  [/insufficient_quota|^402/, 'model/quota', false],
  [/context_length_exceeded/, 'model/context', false],
  [/content_filter|invalid_prompt/, 'model/filtered', false],
  [/model_not_found|^404/, 'model/unknown', false],
  [/Incorrect API key|invalid_api_key|^401|^403/, 'model/auth', false],
  [/^429/, 'model/rate', true],
  [/^(503|529)/, 'model/overloaded', true],
  [/^5/, 'model/http', true],
  [/^4/, 'model/request', false],
]

function expectedError(status: number, said: string): { code: string; retryable: boolean } {
  const [, code, retryable] = meanings.find(([pattern]) => pattern.test(`${status} ${said}`))!
  return { code, retryable }
}
