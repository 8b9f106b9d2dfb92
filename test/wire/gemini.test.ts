import { FinishReason, GoogleGenAI, type GenerateContentResponse } from '@google/genai'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Chunk, collect, KitError, type ModelFinish, type Part, user } from '../../src/index.ts'
import { gemini } from '../../src/providers/gemini.ts'
import { answering, checkCuts, checkEncode, checkErrors, checkLoops, type Fields, loops, outcome } from './checks.ts'
import { addressOf, geminiLoops, geminiWire } from './gemini.ts'
import { type Recording, recorded, recordings, responseOf } from './recordings.ts'

// one wire under two addresses: a conversation may stream one step and not the next
const all = recordings([
  'gemini.generateContent',
  'gemini.streamGenerateContent',
  'vertex.generateContent',
  'vertex.streamGenerateContent',
]).map((recording) => ({ ...recording, api: 'generateContent' }))
const good = all.filter(({ response: { status } }) => status === 200)
const bad = all.filter(({ response: { status } }) => status >= 400)

const ask = (recording: Recording, send: typeof fetch = answering(recording)): AsyncIterable<Chunk> =>
  geminiWire.model(recording, send)({ messages: [user('hi')] })

interface Said {
  text: string
  reasoning: string
  calls: Fields[]
  usage: { input: number; output: number; cacheRead?: number; reasoning?: number } | undefined
  finish: string | undefined
}

/** What the official SDK makes of the same bytes; throws what it throws. */
async function bySdk(recording: Recording): Promise<Said> {
  const client = new GoogleGenAI({ apiKey: 'k', httpOptions: { fetch: async () => responseOf(recording) } as object })
  const said: Said = { text: '', reasoning: '', calls: [], usage: undefined, finish: undefined }
  const read = ({ candidates, usageMetadata: usage }: GenerateContentResponse): void => {
    for (const { text, thought, functionCall: call } of candidates?.[0]?.content?.parts ?? []) {
      said[thought ? 'reasoning' : 'text'] += text ?? ''
      if (call) said.calls.push({ name: call.name, input: call.args ?? {}, ...(call.id && { id: call.id }) })
    }
    said.finish = candidates?.[0]?.finishReason ?? said.finish
    const {
      promptTokenCount: prompt,
      candidatesTokenCount: own,
      thoughtsTokenCount: thought,
      cachedContentTokenCount: cached,
    } = usage ?? {}
    if (prompt ?? own ?? thought)
      said.usage = {
        input: (prompt ?? 0) + (usage!.toolUsePromptTokenCount ?? 0),
        output: (own ?? 0) + (thought ?? 0),
        ...(cached !== undefined && { cacheRead: cached }),
        ...(thought !== undefined && { reasoning: thought }),
      }
  }
  const request = { model: 'm', contents: 'hi' }
  if (recording.response.sse === undefined) read(await client.models.generateContent(request))
  else for await (const response of await client.models.generateContentStream(request)) read(response)
  return said
}

const known: Readonly<Record<string, ModelFinish>> = {
  [FinishReason.STOP]: 'stop',
  [FinishReason.MAX_TOKENS]: 'length',
  [FinishReason.SAFETY]: 'refusal',
  [FinishReason.RECITATION]: 'refusal',
  [FinishReason.BLOCKLIST]: 'refusal',
  [FinishReason.PROHIBITED_CONTENT]: 'refusal',
  [FinishReason.SPII]: 'refusal',
  [FinishReason.IMAGE_SAFETY]: 'refusal',
  [FinishReason.IMAGE_PROHIBITED_CONTENT]: 'refusal',
  [FinishReason.IMAGE_RECITATION]: 'refusal',
  [FinishReason.MALFORMED_FUNCTION_CALL]: 'error',
  [FinishReason.UNEXPECTED_TOOL_CALL]: 'error',
  [FinishReason.TOO_MANY_TOOL_CALLS]: 'error',
}
/** The id that Gemini gave, which is seldom. */
const idOf = ({ replay }: Part): { id?: string } => {
  const { id } = (replay?.data ?? {}) as { id?: string }
  return id === undefined ? {} : { id }
}
const finishOf = ({ finish, calls }: Said): ModelFinish =>
  finish === undefined ? 'refusal' : finish === 'STOP' && calls.length ? 'tools' : (known[finish] ?? 'other')

describe.skipIf(!recorded)('recorded Gemini and Vertex traffic', () => {
  test('cut at any byte, an answer stays the same', async () => {
    const checked = await checkCuts(geminiWire, good)
    console.log(`wire: gemini decode: ${checked} answers`)
    expect(checked).toBeGreaterThanOrEqual(62)
  }, 60_000)

  test('the official SDK reads the same from the same bytes', async () => {
    let checked = 0
    const refused: string[] = []
    // the SDK cannot read a JSON array
    for (const recording of good.filter(({ response: { body } }) => !Array.isArray(body))) {
      const theirs = await bySdk(recording).catch((error: Error) => error.message)
      const ours = await outcome(ask(recording))
      if (typeof theirs === 'string') {
        // it throws for a last event without its blank line, and for an error in the stream, as we do
        if (ours.error === undefined || ours.error === 'model/truncated')
          expect(theirs, recording.id).toBe('Incomplete JSON segment at the end')
        if (theirs.startsWith('Incomplete')) expect(recording.response.sse, recording.id).not.toMatch(/\r?\n\r?\n$/)
        refused.push(recording.id)
        continue
      }
      const calls = ((ours.parts ?? []) as Part[]).flatMap((part) =>
        part.type === 'call' && part.by !== 'provider' ? [{ name: part.name, input: part.input, ...idOf(part) }] : [],
      )
      expect({ text: ours.text, reasoning: ours.reasoning, calls, usage: ours.usage, finish: ours.finish }, recording.id).toEqual({
        ...theirs,
        usage: theirs.usage ?? { input: 0, output: 0 },
        finish: finishOf(theirs),
      })
      checked++
    }
    console.log(`wire: gemini against the SDK: ${checked} answers; it refuses ${refused.length}: ${refused.join(', ')}`)
    expect(checked).toBeGreaterThanOrEqual(58)
  }, 60_000)

  test('what we send for a recorded call is what was sent, to the same address, the key in a header', async () => {
    const checked = await checkEncode(geminiWire, all)
    console.log(`wire: gemini encode: ${checked} requests`)
    expect(checked).toBeGreaterThanOrEqual(45)
    for (const recording of all.filter(({ request }) => request as unknown)) {
      const { stream } = addressOf(recording)
      const send: typeof fetch = async (url, init) => {
        expect(url, recording.id).toBe(recording.request.url.replace(/\?.*$/, '') + (stream ? '?alt=sse' : ''))
        const headers = new Headers(init?.headers)
        expect([headers.get('x-goog-api-key'), headers.get('authorization')], recording.id).toEqual(
          recording.request.url.includes('/projects/') ? [null, 'Bearer t'] : ['k', null],
        )
        return responseOf(recording)
      }
      await outcome(geminiWire.model(recording, send)({ stream, messages: [user('hi')] }))
    }
  })

  test('the comparison sees a signature that is lost and an id that is changed', async () => {
    const signed = all.filter(({ kind }) => kind.includes('reasoning-replay'))
    expect(signed.length).toBeGreaterThan(0)
    for (const recording of signed.filter(({ request }) => /thought_?signature/i.test(JSON.stringify(request)))) {
      const forgetful = {
        ...geminiWire,
        parse: (from: Recording) => {
          const call = geminiWire.parse(from)
          const messages = call.messages.map((message) => ({
            ...message,
            parts: message.parts.map(({ replay: _, ...part }) => part as Part),
          }))
          return { ...call, messages }
        },
      }
      await expect(checkEncode(forgetful, [recording]), recording.id).rejects.toThrow()
    }
  })

  test('a loop of ours repeats a recorded one', async () => {
    const groups = loops(geminiLoops, all)
    const driven = await checkLoops(geminiLoops, groups)
    const others = Map.groupBy(all, ({ group }) => group)
    for (const { 0: first } of groups) others.delete(first!.group)
    const left = [...others.values()].filter((steps) => steps.length > 1)
    const why = left.map(
      (steps) =>
        `${steps[0]!.group} (${steps.some(({ response: { status } }) => status !== 200) ? 'a step failed' : 'calls of their own'})`,
    )
    console.log(`wire: gemini loops: ${driven} of ${groups.flat().length} steps; no loops: ${why.join(', ')}`)
    expect(driven).toBeGreaterThanOrEqual(6)
  })

  test('an error has its code, and says nothing of the provider’s body', async () => {
    const reasons: Readonly<Record<string, string>> = {
      API_KEY_INVALID: 'model/auth',
      SERVICE_DISABLED: 'model/auth',
      IAM_PERMISSION_DENIED: 'model/auth',
      NOT_FOUND: 'model/unknown',
      INVALID_ARGUMENT: 'model/request',
      PERMISSION_DENIED: 'model/auth',
      UNAUTHENTICATED: 'model/auth',
      UNAVAILABLE: 'model/overloaded',
      INTERNAL: 'model/http',
      DEADLINE_EXCEEDED: 'model/timeout',
    }
    const seen = await checkErrors(geminiWire, bad, ({ id, response }, { code, retryable, retryAfter }) => {
      const { status, details = [] } = (
        response.body as { error: { status: string; details?: { reason?: string; retryDelay?: string }[] } }
      ).error
      if (status === 'RESOURCE_EXHAUSTED') {
        expect(['model/rate', 'model/quota'], id).toContain(code)
        if (details.some(({ retryDelay }) => retryDelay) && code === 'model/rate') expect(retryAfter, id).toBeGreaterThan(0)
        return
      }
      const reason = details.find((detail) => detail.reason)?.reason
      expect(code, id).toBe(reasons[reason ?? ''] ?? reasons[status])
      expect(retryable, id).toBe(response.status >= 500)
    })
    console.log(`wire: gemini errors: ${bad.length} ${JSON.stringify(seen)}`)
    expect(bad.length).toBeGreaterThanOrEqual(6)
  })
})

describe('whatever a server sends', () => {
  const read = async (body: BodyInit, type: string, seed = 1): Promise<unknown> => {
    const model = gemini('m', { fetch: async () => new Response(body, { headers: { 'content-type': type } }) })
    const thrown = await collect(model({ messages: [user('hi')], stream: seed % 2 === 0 })).catch((error: unknown) => error)
    if (thrown instanceof Error) expect(thrown).toBeInstanceOf(KitError)
    return thrown
  }
  const types = fc.constantFrom('text/event-stream', 'application/json', 'text/plain')
  const words =
    'candidates content parts text thought thoughtSignature functionCall name args id index error inlineData fileData fileUri data ' +
    'executableCode codeExecutionResult toolCall toolResponse toolType groundingMetadata groundingChunks groundingSupports segment ' +
    'startIndex endIndex groundingChunkIndices web uri citationMetadata citations urlContextMetadata urlMetadata retrievedUrl ' +
    'retrievedContext pageNumber usageMetadata promptTokenCount promptFeedback blockReason finishReason modelVersion responseId ' +
    'status message details retryDelay violations'
  const names = fc.constantFrom(...words.split(' '))
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 7 }, fc.jsonValue({ maxDepth: 1 }), tie('array'), tie('object')),
    array: fc.array(tie('value'), { maxLength: 3 }),
    object: fc.dictionary(names, tie('value'), { maxKeys: 6 }),
  }))
  /** A body of the right outer form with anything inside. */
  const body = fc.record(
    {
      candidates: fc.array(
        fc.record(
          {
            content: fc.record({ parts: fc.array(fc.dictionary(names, value, { maxKeys: 4 }), { maxLength: 4 }) }),
            finishReason: value,
            groundingMetadata: value,
            citationMetadata: value,
          },
          { requiredKeys: [] },
        ),
        { maxLength: 2 },
      ),
      usageMetadata: value,
      promptFeedback: value,
    },
    { requiredKeys: [] },
  )

  test('bytes: nothing but a KitError is thrown', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), types, fc.nat(1), async (bytes, type, seed) => {
        await read(new Uint8Array(bytes), type, seed)
      }),
      { numRuns: 200 },
    )
  })

  test('events of any JSON: nothing but a KitError is thrown', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(body, value), { maxLength: 5 }), types, fc.nat(1), async (events, type, seed) => {
        const text = events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join('')
        await read(type === 'application/json' ? JSON.stringify(events) : text, type, seed)
      }),
      { numRuns: 500 },
    )
  })

  test('a body that is 10,000 deep is refused, one that is 10 deep is read', async () => {
    const nested = (n: number): string =>
      `{"candidates":[{"finishReason":"STOP","content":{"parts":[{"functionCall":{"name":"f","args":{"a":${'['.repeat(n)}${']'.repeat(n)}}}}]}}]}`
    expect(await read(nested(100_000), 'application/json')).toMatchObject({ code: 'model/garbled' })
    expect(await read(nested(10), 'application/json')).toMatchObject({ finish: 'tools' })
    expect(await read(`${'['.repeat(50_000)}${']'.repeat(50_000)}`, 'application/json')).toMatchObject({ code: 'model/empty' })
  })
})
