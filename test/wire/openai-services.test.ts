// What OpenAI and servers like it offer beside chat, over recorded traffic.
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { collect, type MediaPart, type ModelCall } from '../../src/index.ts'
import { groqServices } from '../../src/providers/groq-services.ts'
import { compact } from '../../src/providers/openai-compact.ts'
import { openaiCompletions } from '../../src/providers/openai-completions.ts'
import { openaiConversations } from '../../src/providers/openai-conversations.ts'
import { openaiManaged } from '../../src/providers/openai-managed.ts'
import { moderate } from '../../src/providers/openai-moderation.ts'
import { clientSecret } from '../../src/providers/openai-realtime.ts'
import {
  openaiCompatibleServices,
  openaiModelInfo,
  openaiServices,
  type ServiceServer,
  serviceServers,
} from '../../src/providers/openai-services.ts'
import { responsesProtocol } from '../../src/providers/wire/protocol-responses.ts'
import { xaiServices } from '../../src/providers/xai-services.ts'
import { embed } from '../../src/services/index.ts'
import type { Fields } from './checks.ts'
import { responses } from './openai-responses.ts'
import { recorded, type Recording, recordings, responseOf } from './recordings.ts'
import { checkService, type ServiceCheck } from './services.ts'

const key = { apiKey: 'k' }
const own = (fetch: typeof globalThis.fetch, tuning = true): ReturnType<typeof openaiServices> => openaiServices({ ...key, fetch, tuning })

/** What is left of a recorded body when the neutral fields are taken out. */
const rest = (body: Fields, ...names: string[]): Fields =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)))

const usage = (raw: unknown): object => {
  const { input_tokens, prompt_tokens, output_tokens, completion_tokens } = (raw ?? {}) as Record<string, number>
  const input = input_tokens ?? prompt_tokens
  return input === undefined ? {} : { usage: { input, output: output_tokens ?? completion_tokens ?? 0 } }
}

const data = ({ response }: Recording): Fields[] => (response.body as { data: Fields[] }).data

const askEmbed =
  (server: ServiceServer): ServiceCheck['ask'] =>
  ({ request: { body } }, fetch) => {
    const { model, input, dimensions, ...more } = body as { model: string; input: string | string[]; dimensions?: number } & Fields
    const values = [input].flat().filter((value) => typeof value === 'string')
    // integers are refused before they are sent: to see the server's own refusal they go past us
    const odd = values.length ? {} : { input }
    return embed(openaiCompatibleServices({ ...server, has: ['embed'] }, { ...key, fetch }).embed(model), values.length ? values : ['x'], {
      dimensions,
      providerOptions: { [server.provider]: { ...more, ...odd } },
    })
  }

const openaiEmbed: ServiceServer = { provider: 'openai', baseURL: 'https://api.openai.com/v1', has: ['embed'], vectors: 'base64' }

const asList: NonNullable<ServiceCheck['normalise']>[number] = {
  why: 'one text is a list of one',
  apply: ({ body }) => void ((body as Fields).input = [(body as Fields).input].flat()),
}

const media = (image: unknown): MediaPart => {
  const url = (typeof image === 'string' ? image : ((image as Fields).url ?? (image as Fields).image_url)) as string
  const inline = /^data:([^;]+);base64,(.*)$/s.exec(url)
  return inline ? { type: 'media', mime: inline[1]!, data: inline[2]! } : { type: 'media', mime: 'image/*', url }
}

const images = (recording: Recording): object => ({
  images: data(recording).map(({ b64_json, url }) => (b64_json ? { data: b64_json } : { url })),
  ...usage((recording.response.body as Fields).usage),
})

const sound = ({ response }: Recording): object => ({
  audio: { mime: (response.headers['content-type'] ?? '').replace(/;.*/, ''), data: response.binary_base64 },
})

const transcript = ({ response }: Recording): object => {
  const { text, language, duration, segments, usage: used } = response.body as Fields & { usage?: unknown }
  return {
    text,
    ...(language ? { language } : {}),
    ...(duration ? { seconds: duration } : {}),
    ...(segments ? { segments } : {}),
    ...usage(used),
  }
}

const parts = (text: string): { head: string; value: string }[] =>
  [...text.matchAll(/--[^\r\n]+\r\n((?:[^\r\n]+\r\n)+)\r\n([^]*?)(?=\r\n--|$)/g)].map(([, head = '', value = '']) => ({ head, value }))

const fieldIn = (text: string, name: string): string | undefined =>
  parts(text).find(({ head }) => new RegExp(`[; ]name="?${name}["\\r;]`).test(head))?.value

const askFile: ServiceCheck['ask'] = ({ request: { text = '' } }, fetch) => {
  const { head, value } = parts(text).find((part) => part.head.includes('filename='))!
  return own(fetch).files.upload({
    data: new TextEncoder().encode(value),
    name: /filename="([^"]+)/.exec(head)![1]!,
    mime: /content-type: *([^\r\n]+)/i.exec(head)![1]!,
    purpose: fieldIn(text, 'purpose')!,
  })
}

/** Uploads are answered with the file that the recorded batch names. */
const afterUpload =
  ({ request }: Recording, fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (url, init) =>
    (url as string).endsWith('/files') ? Response.json({ id: request.body!.input_file_id }) : fetch(url, init)

const hi: ModelCall = { messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }] }
const idOf = ({ request }: Recording): string => new URL(request.url).pathname.split('/')[3]!
const said = (recording: Recording): Fields => recording.response.body as Fields

/** Nothing was answered yet; a batch whose time has run out since is expired. */
const stateOf = ({ request, response }: Recording): string =>
  request.method === 'GET' && Date.parse((response.body as { expire_time: string }).expire_time) < Date.now() ? 'expired' : 'queued'

const checks: readonly ServiceCheck[] = [
  {
    api: 'openai.embeddings',
    ask: askEmbed(openaiEmbed),
    expected: (recording) => ({ vectors: data(recording).map(({ embedding }) => embedding) }),
    normalise: [
      asList,
      { why: 'we ask for base64, a quarter of the bytes', apply: ({ body }) => void delete (body as Fields).encoding_format },
    ],
    errors: {
      'openai-embeddings--generatemultipleembeddingswithbadoptions-usingintegers-8e13b1': 'model/request',
      'openai-embeddings--openai-embeddings-post-cd7b3e2b-5791d6': 'model/auth',
      'openai-embeddings--test-async-embeddings-error-handling-02a233': 'model/unknown',
    },
  },
  {
    api: 'openrouter.embeddings',
    ask: askEmbed(serviceServers.openrouter),
    expected: (recording) => ({ vectors: data(recording).map(({ embedding }) => embedding), usage: { input: 3, output: 0 } }),
    normalise: [asList],
  },
  {
    api: 'perplexity.embeddings',
    ask: askEmbed(serviceServers.perplexity),
    expected: (recording) => ({
      vectors: data(recording).map(({ embedding }) => [...Buffer.from(embedding as string, 'base64')].map((byte) => (byte << 24) >> 24)),
      usage: { input: 7, output: 0 },
    }),
    normalise: [asList],
  },
  ...(['openai.images', 'openai.images.edits', 'openrouter.images', 'xai.images.edits'] as const).map((api): ServiceCheck => ({
    api,
    ask({ provider, request: { body } }, fetch) {
      const { model, prompt, n, size, images: shown, input_references, ...more } = body as { model: string; prompt: string } & Fields
      const of =
        provider === 'xai'
          ? xaiServices({ ...key, fetch })
          : provider === 'openrouter'
            ? openaiCompatibleServices(serviceServers.openrouter, { ...key, fetch })
            : own(fetch)
      const given = ((shown ?? input_references ?? []) as Fields[]).map((one) => media(one.image_url ?? one))
      return of.image(model).image({
        prompt,
        images: given,
        n: n as number,
        size: size as string,
        providerOptions: { [provider]: more },
      })
    },
    expected: images,
    errors: {
      'openai-images--generateimagecanparseserviceerror-4badba': 'model/auth',
      'openai-images--generateimagescanparseserviceerror-900082': 'model/auth',
      'openai-images-edits--image-edit-functionality-with-remote-urls-rejects-edits-2e47c5': 'model/request',
    },
  })),
  ...(['openai.speech', 'openrouter.speech'] as const).map((api): ServiceCheck => ({
    api,
    ask({ provider, request: { body } }, fetch) {
      const { model, input, voice, response_format, instructions, speed, ...more } = body as Record<string, string>
      const of = provider === 'openai' ? own(fetch) : openaiCompatibleServices(serviceServers.openrouter, { ...key, fetch })
      return of.speak(model!).speak({
        text: input!,
        voice,
        format: response_format,
        instructions,
        speed: speed as unknown as number,
        providerOptions: { [provider]: more },
      })
    },
    expected: sound,
  })),
  {
    api: 'xai.tts',
    ask({ request: { body } }, fetch) {
      const { text, voice_id, ...more } = body as Record<string, string>
      return xaiServices({ ...key, fetch })
        .speak('tts')
        .speak({ text: text!, voice: voice_id, providerOptions: { xai: more } })
    },
    expected: sound,
  },
  {
    api: 'openai.transcriptions',
    ask: ({ request: { text = '' } }, fetch) =>
      own(fetch)
        .transcribe(fieldIn(text, 'model')!)
        .transcribe({
          audio: { type: 'media', mime: 'audio/wav', data: btoa('RIFF'), name: 'audio.wav' },
          language: fieldIn(text, 'language'),
          prompt: fieldIn(text, 'prompt'),
          providerOptions: {
            openai: Object.fromEntries(
              ['response_format', 'temperature'].flatMap((name) => (fieldIn(text, name) ? [[name, fieldIn(text, name)]] : [])),
            ),
          },
        }),
    expected: transcript,
    normalise: [
      {
        why: 'a file is recorded with the type that its client guessed',
        apply: ({ body }) => void ((body as Fields).file = String((body as Fields).file).replace(/ \S*$/, '')),
      },
    ],
  },
  {
    // only the answer was recorded
    api: 'groq.transcriptions',
    ask: (_recording, fetch) =>
      groqServices({ ...key, fetch })
        .transcribe('whisper-large-v3')
        .transcribe({ audio: { type: 'media', mime: 'audio/wav', data: btoa('RIFF') }, timestamps: 'segment' }),
    expected: transcript,
  },
  {
    api: 'openai.files',
    ask: askFile,
    expected: ({ response: { body } }) => {
      const { id, filename, bytes, created_at } = body as Record<string, never>
      return { id, name: filename, bytes, createdAt: created_at! * 1000, status: 'ready', part: { ref: id, store: 'openai' } }
    },
    normalise: [
      {
        why: 'the end of a recorded form may be cut off, and its fields with it',
        apply({ body }, { request: { text = '' } }) {
          if (!text.trimEnd().endsWith('--')) delete (body as Fields).purpose
        },
      },
    ],
  },
  {
    api: 'openai.batches',
    ask: (recording, fetch) =>
      recording.request.method === 'POST'
        ? own(afterUpload(recording, fetch)).batch.create({ model: 'gpt-5-nano', requests: [{ id: '0', call: hi }] })
        : own(fetch).batch.get(idOf(recording)),
    expected: (recording) => ({ id: said(recording).id, status: 'queued', counts: { total: 0, done: 0, failed: 0 } }),
  },
  {
    api: 'xai.batches',
    ask(recording, fetch) {
      const { batch } = xaiServices({ ...key, fetch: async (url, init) => fetch(url, init) })
      const { method, url, body } = recording.request
      if (method === 'GET') return batch.get(idOf(recording))
      const requests = ((body?.batch_requests ?? [{ batch_request_id: '0' }]) as Fields[]).map(({ batch_request_id, batch_request }) => ({
        id: batch_request_id as string,
        call: batch_request
          ? responses.parse({ ...recording, request: { ...recording.request, body: (batch_request as Fields).responses as Fields } })
          : hi,
      }))
      // of the requests that make a batch only the recorded one is answered from the recording
      const both: typeof globalThis.fetch = async (to, init) =>
        (to as string) === url ? fetch(to, init) : Response.json(url.endsWith('/requests') ? { batch_id: idOf(recording) } : null)
      return xaiServices({ ...key, fetch: both }).batch.create({ model: 'grok-4.3', requests })
    },
    expected: (recording) =>
      recording.response.text === 'null'
        ? { id: idOf(recording), status: 'queued', counts: { total: 2 } }
        : { id: said(recording).batch_id, status: stateOf(recording) },
    normalise: [
      { why: 'a batch is named at random', apply: ({ body }) => void delete (body as Fields | undefined)?.name },
      {
        why: 'the recorded client streams nothing by saying nothing',
        apply({ body }) {
          for (const one of ((body as Fields | undefined)?.batch_requests ?? []) as { batch_request: { responses: Fields } }[])
            one.batch_request.responses = rest(one.batch_request.responses, 'stream')
        },
      },
    ],
  },
  {
    api: 'openai.fineTuning',
    ask: ({ request: { body } }, fetch) => {
      const { model, training_file, ...more } = body as Record<string, string>
      return own(fetch).tune.create({ model: model!, training: training_file!, providerOptions: { openai: more } })
    },
    expected: ({ response: { body } }) => ({ id: (body as Fields).id }),
    errors: { 'openai-finetuning--exceptionthrownoninvalidfilename-fd582c': 'model/request' },
  },
  {
    api: 'openai.models',
    ask: (recording, fetch) =>
      recording.request.url.endsWith('/models') ? own(fetch).listModels() : openaiModelInfo(idOf(recording), { ...key, fetch }),
    expected: (recording) => ({ id: said(recording).id }),
    errors: { 'openai-models--getmodelcanparseserviceerror-eb37f2': 'model/unknown' },
  },
  {
    api: 'openai.moderations',
    ask({ request: { body } }, fetch) {
      const { model, input } = body as { model: string; input: string | Fields[] }
      const content =
        typeof input === 'string'
          ? input
          : input.map(({ image_url, text }) => (image_url ? media(image_url) : { type: 'text' as const, text: text as string }))
      return moderate(content, { ...key, fetch, model })
    },
    expected: (recording) => {
      const [{ flagged, categories, category_scores: scores }] = said(recording).results as [Fields]
      return { flagged, categories, scores }
    },
  },
  {
    api: 'openai.conversations',
    ask: (recording, fetch) => {
      const conversations = openaiConversations({ ...key, fetch })
      if (recording.request.method === 'DELETE') return conversations.delete(idOf(recording)).then(() => ({}))
      return recording.request.method === 'GET'
        ? conversations.has(idOf(recording)).then((has) => ({ has }))
        : conversations.create().then((id) => ({ id }))
    },
    expected: (recording) => (recording.request.method === 'POST' ? { id: said(recording).id } : {}),
  },
  {
    api: 'openai.realtime.clientSecrets',
    ask({ request: { body } }, fetch) {
      const { session, expires_after } = body as { session: Fields; expires_after?: { seconds: number } }
      return clientSecret(session, { ...key, fetch, seconds: expires_after?.seconds })
    },
    expected: (recording) => ({ value: said(recording).value, expiresAt: (said(recording).expires_at as number) * 1000 }),
  },
  {
    api: 'openai.responses.inputTokens',
    ask: (recording, fetch) =>
      own(fetch)
        .countTokens(recording.request.body!.model as string, responses.parse(recording))
        .then((count) => ({ count })),
    expected: (recording) => ({ count: said(recording).input_tokens }),
    normalise: [
      {
        why: 'one text may be written as a string',
        apply({ body }) {
          const fields = body as Fields
          if (typeof fields.input === 'string') fields.input = [{ role: 'user', content: fields.input }]
        },
      },
    ],
  },
  {
    api: 'openai.responses.compact',
    ask: (recording, fetch) => compact(recording.request.body!.model as string, responses.parse(recording), { ...key, fetch }),
    expected: (recording) => {
      const [first, compaction] = said(recording).output as [{ content: Fields[] }, Fields]
      return {
        messages: [
          { role: 'user', parts: [{ type: 'text', text: first.content[0]!.text }] },
          { role: 'assistant', parts: [{ type: 'opaque', kind: 'compaction', replay: { data: compaction } }] },
        ],
        ...usage(said(recording).usage),
      }
    },
  },
  {
    api: 'openai.completions',
    ask({ request: { body } }, fetch) {
      const {
        model,
        prompt,
        max_tokens,
        temperature,
        top_p,
        seed,
        stop,
        presence_penalty,
        frequency_penalty,
        stream: _stream,
        ...more
      } = body as Fields
      const call = {
        ...hi,
        maxTokens: max_tokens,
        temperature,
        topP: top_p,
        seed,
        stop,
        presencePenalty: presence_penalty,
        frequencyPenalty: frequency_penalty,
      }
      return collect(
        openaiCompletions(model as string, { ...key, fetch, prompt: () => prompt as string })({
          ...(call as ModelCall),
          providerOptions: { 'openai-completions': more },
        }),
      )
    },
    expected({ response: { sse = '' } }) {
      const chunks = [...sse.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => JSON.parse(json!) as { choices: Fields[] })
      const text = chunks.flatMap(({ choices }) => choices.flatMap(({ index, text: one }) => (index === 0 ? [one] : []))).join('')
      return { parts: [{ type: 'text', text }] }
    },
    normalise: [
      {
        why: 'we ask for a stream with its usage; null says what absence says',
        apply({ body }) {
          const fields = body as Fields
          delete fields.stream
          delete fields.stream_options
          for (const [name, value] of Object.entries(fields)) if (value === null) delete fields[name]
        },
      },
    ],
  },
]

describe.skipIf(!recorded)('recorded services of OpenAI and servers like it', () => {
  test.each(checks.map((check) => [check.api, check] as const))('%s', async (api, check) => {
    const all = recordings([api])
    const read = await checkService(check, all)
    console.log(`wire: ${api}: ${read}`)
    expect(read).toBe(all.length)
    expect(read).toBeGreaterThanOrEqual(1)
  })

  test('the settings of an official client are taken', async () => {
    let asked: Request | undefined
    const fetch: typeof globalThis.fetch = async (url, init) => {
      asked = new Request(url as string, init)
      return Response.json({ data: [] })
    }
    await openaiServices(new OpenAI({ apiKey: 'k', baseURL: 'https://here.example/v1', organization: 'org', fetch })).listModels()
    expect([asked!.url, asked!.headers.get('authorization'), asked!.headers.get('openai-organization')]).toEqual([
      'https://here.example/v1/models',
      'Bearer k',
      'org',
    ])
  })

  test('a batch goes up as the lines that a recorded client sent', () => {
    const [upload] = recordings(['openai.files']).filter(({ request }) => request.text?.includes('custom_id'))
    const lines = parts(upload!.request.text!)
      .find(({ head }) => head.includes('filename='))!
      .value.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { url: string; body: Fields })
    for (const { url, body } of lines) {
      expect(url).toBe('/v1/responses')
      const call = responses.parse({ ...upload!, request: { ...upload!.request, body } })
      expect(JSON.parse(JSON.stringify(responsesProtocol.body('openai', body.model as string, call)))).toEqual(body)
    }
    expect(lines.length).toBeGreaterThanOrEqual(2)
  })

  test('a recorded answer, as a line of results, is the answer', async () => {
    const whole = recordings(['openai.responses', 'openai.chat']).filter(
      ({ response: { status, body } }) => status === 200 && body && ('choices' in (body as object) || 'output' in (body as object)),
    )
    let read = 0
    for (const recording of whole) {
      const line = JSON.stringify({
        custom_id: recording.id.slice(0, 60),
        response: { status_code: 200, body: recording.response.body },
        error: null,
      })
      const fetch: typeof globalThis.fetch = async (url) =>
        (url as string).endsWith('/content')
          ? responseOf({ ...recording, response: { ...recording.response, body: undefined, text: line } }, 3)
          : Response.json({ id: 'batch_1', status: 'completed', output_file_id: 'file-1' })
      for await (const { answer, error } of own(fetch).batch.results('batch_1')) {
        expect(error, recording.id).toBeUndefined()
        expect(answer!.finish, recording.id).toBeDefined()
        read++
      }
    }
    console.log(`wire: answers as batch results: ${read}`)
    expect(read).toBe(whole.length)
    expect(read).toBeGreaterThanOrEqual(20)
  })
})

test.each([
  ['openaiServices', () => openaiServices(key)],
  ['openaiCompatibleServices', () => openaiCompatibleServices(serviceServers.openrouter, key)],
  ['xaiServices', () => xaiServices(key)],
  ['openaiManaged', () => openaiManaged('gpt-5.4', key)],
] as const)('%s is made in less than 50 µs', (name, make) => {
  const rounds = Array.from({ length: 25 }, () => {
    const begin = performance.now()
    for (let at = 0; at < 200; at++) make()
    return ((performance.now() - begin) / 200) * 1000
  }).toSorted((a, b) => a - b)
  console.log(`wire: ${name} made in ${rounds[12]!.toFixed(1)} µs`)
  expect(rounds[12]).toBeLessThan(50)
})
