// A conversation that began with one model goes on with another: recorded transcripts of each wire, with all that their servers
// want back, are sent through every other wire.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { collect, type Message, type Model, type ModelCall, type Part, user } from '../../src/index.ts'
import { callsOf } from '../../src/model.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import { cohere } from '../../src/providers/cohere.ts'
import { interactions } from '../../src/providers/gemini-interactions.ts'
import { gemini } from '../../src/providers/gemini.ts'
import { openaiChat, openaiCompatible } from '../../src/providers/openai-chat.ts'
import { openai } from '../../src/providers/openai.ts'
import { ollama } from '../../src/providers/ollama.ts'
import { presets } from '../../src/providers/presets.ts'
import { objects } from '../../src/providers/wire/fields.ts'
import { noSignature } from '../../src/providers/wire/gemini.ts'
import { wire as messages } from './anthropic.ts'
import { answering, type Fields, type Wire } from './checks.ts'
import { cohereWire } from './cohere.ts'
import { geminiWire } from './gemini.ts'
import { ollamaWire } from './ollama.ts'
import { chat, dialects } from './openai-chat.ts'
import { responses } from './openai-responses.ts'
import { folder, recorded, recordings, type Recording } from './recordings.ts'

type Broken = string[]

interface Target {
  name: string
  /** Whose replay data it may send back. */
  wire: string
  model(fetch: typeof globalThis.fetch): Model
  /** Absent: the vendor publishes none. */
  schema?: string
  /** What a body does that its server refuses. */
  broken(body: Fields): Broken
  /** What of a body its schema is wrong about, left out. */
  known?(body: Fields): Fields
  /** What it refuses by right: new media in a form that no request of its protocol has a place for. */
  refuses?: RegExp
}

const chatRules =
  (id: RegExp, files = false) =>
  (body: Fields): Broken => {
    const broken: Broken = []
    let open: unknown[] = []
    for (const [at, message] of objects(body.messages).entries()) {
      const { role, content, tool_calls, tool_call_id, ...more } = message
      if (role === 'tool') {
        if (!open.includes(tool_call_id)) broken.push(`${at}: a result of no call before it: ${String(tool_call_id)}`)
        open = open.filter((known) => known !== tool_call_id)
        continue
      }
      if (open.length) broken.push(`${at}: calls are not answered: ${open.join()}`)
      const calls = objects(tool_calls)
      open = calls.map((call) => call.id)
      if (new Set(open).size < open.length) broken.push(`${at}: two calls of one id`)
      for (const call of open) if (!id.test(String(call))) broken.push(`${at}: an id in a foreign form: ${String(call)}`)
      for (const { extra_content } of calls) if (extra_content) broken.push(`${at}: foreign replay data`)
      if ('reasoning_details' in more) broken.push(`${at}: foreign replay data`)
      const empty = content === '' || content === null || content === undefined || (Array.isArray(content) && !content.length)
      if (empty && !calls.length) broken.push(`${at}: empty content of ${String(role)}`)
      for (const { text, file } of objects(content)) {
        if (text === '') broken.push(`${at}: empty text`)
        if (!files && objects([file]).some(({ file_id }) => file_id !== undefined)) broken.push(`${at}: a foreign file`)
      }
    }
    if (open.length) broken.push(`at the end calls are not answered: ${open.join()}`)
    return broken
  }

function responsesRules(body: Fields): Broken {
  const broken: Broken = []
  const open = new Map<unknown, string>()
  for (const [at, item] of objects(body.input).entries()) {
    const { type, call_id, content, id, encrypted_content } = item
    if (encrypted_content !== undefined || id !== undefined) broken.push(`${at}: foreign replay data: ${String(type)}`)
    if (type === 'function_call') {
      if (open.has(call_id)) broken.push(`${at}: two calls of one id`)
      if (!/^[^]{1,64}$/.test(String(call_id))) broken.push(`${at}: an id in a foreign form: ${String(call_id)}`)
      open.set(call_id, 'open')
    } else if (type === 'function_call_output') {
      if (open.get(call_id) !== 'open') broken.push(`${at}: a result of no call before it: ${String(call_id)}`)
      open.set(call_id, 'answered')
    } else if (type !== undefined && type !== 'message') broken.push(`${at}: a foreign item: ${JSON.stringify(type)}`)
    else if (content === undefined || (content as string).length === 0) broken.push(`${at}: empty content`)
    for (const { file_id } of objects(content)) if (file_id !== undefined) broken.push(`${at}: a foreign file`)
  }
  for (const [id, state] of open) if (state === 'open') broken.push(`the call is not answered: ${String(id)}`)
  return broken
}

function messagesRules(body: Fields): Broken {
  const broken: Broken = []
  let open: unknown[] = []
  let before = 'assistant'
  const turns = objects(body.messages)
  for (const [at, { role, content }] of turns.entries()) {
    if (role === before || (role !== 'user' && role !== 'assistant')) broken.push(`${at}: ${String(role)} after ${before}`)
    before = String(role)
    const blocks = objects(content)
    if (!blocks.length) broken.push(`${at}: empty content`)
    const results = blocks.filter(({ type }) => type === 'tool_result').map(({ tool_use_id }) => tool_use_id)
    const head = blocks.findIndex(({ type }) => type !== 'tool_result')
    if (blocks.findLastIndex(({ type }) => type === 'tool_result') > head && head >= 0) broken.push(`${at}: a result after something else`)
    for (const id of open) if (!results.includes(id)) broken.push(`${at}: a call is not answered: ${String(id)}`)
    for (const id of results) if (!open.includes(id)) broken.push(`${at}: a result of no call before it: ${String(id)}`)
    if (new Set(results).size < results.length) broken.push(`${at}: two results of one call`)
    open = []
    for (const { type, text, id, input, source } of blocks) {
      if (objects([source]).some(({ file_id }) => file_id !== undefined)) broken.push(`${at}: a foreign file`)
      if (type === 'text' && !String(text).trim()) broken.push(`${at}: blank text`)
      if (type === 'tool_use') {
        open.push(id)
        if (!/^[\w-]+$/.test(String(id))) broken.push(`${at}: an id in a foreign form: ${String(id)}`)
        if (typeof input !== 'object' || input === null || Array.isArray(input)) broken.push(`${at}: input that is no object`)
      }
      if (!['text', 'tool_use', 'tool_result', 'image', 'document'].includes(String(type))) broken.push(`${at}: foreign: ${String(type)}`)
    }
  }
  if (open.length) broken.push(`at the end calls are not answered: ${open.join()}`)
  if (before === 'assistant' && turns.length) {
    const last = objects(turns.at(-1)!.content).at(-1)
    if (/\s$/.test(String(last?.text))) broken.push('it ends in white space')
  }
  return broken
}

function geminiRules(body: Fields): Broken {
  const broken: Broken = []
  let before = 'model'
  let open: unknown[] = []
  for (const [at, { role, parts }] of objects(body.contents).entries()) {
    if (role === before) broken.push(`${at}: ${String(role)} after ${before}`)
    before = String(role)
    const pieces = objects(parts)
    if (!pieces.length) broken.push(`${at}: empty content`)
    const results = pieces.flatMap(({ functionResponse }) => (functionResponse ? [(functionResponse as Fields).name] : []))
    if (results.join() !== open.join()) broken.push(`${at}: calls of ${open.join()} are answered by ${results.join()}`)
    const calls = pieces.filter(({ functionCall }) => functionCall)
    open = calls.map(({ functionCall }) => (functionCall as Fields).name)
    if (calls.length && calls[0]!.thoughtSignature !== noSignature) broken.push(`${at}: a first call without the sign for none`)
    for (const { text, thoughtSignature, functionCall, functionResponse, ...more } of pieces) {
      if (text === '') broken.push(`${at}: empty text`)
      if (thoughtSignature !== undefined && thoughtSignature !== noSignature) broken.push(`${at}: a foreign signature`)
      for (const side of [functionCall, functionResponse] as (Fields | undefined)[]) {
        if (side?.id !== undefined) broken.push(`${at}: an id that Gemini did not give`)
        const value = side && (side.args ?? side.response)
        if (side && (typeof value !== 'object' || value === null || Array.isArray(value)))
          broken.push(`${at}: no object in ${String(side.name)}`)
      }
      for (const key of Object.keys(more)) if (key !== 'inlineData' && key !== 'fileData') broken.push(`${at}: foreign: ${key}`)
    }
  }
  if (open.length) broken.push(`at the end calls are not answered: ${open.join()}`)
  return broken
}

function interactionsRules(body: Fields): Broken {
  const broken: Broken = []
  const open = new Set<unknown>()
  for (const [at, { type, id, call_id, content, arguments: input, ...more }] of objects(body.input).entries()) {
    for (const key of Object.keys(more)) if (!['name', 'result', 'is_error'].includes(key)) broken.push(`${at}: foreign: ${key}`)
    if (type === 'function_call') {
      if (open.has(id)) broken.push(`${at}: two calls of one id`)
      if (typeof input !== 'object' || input === null || Array.isArray(input)) broken.push(`${at}: input that is no object`)
      open.add(id)
    } else if (type === 'function_result') {
      if (!open.delete(call_id)) broken.push(`${at}: a result of no call before it: ${String(call_id)}`)
    } else if (type !== 'user_input' && type !== 'model_output') broken.push(`${at}: a foreign step: ${String(type)}`)
    else if (!objects(content).length || objects(content).some(({ text }) => text === '')) broken.push(`${at}: empty content`)
  }
  for (const id of open) broken.push(`the call is not answered: ${String(id)}`)
  if ('previous_interaction_id' in body) broken.push('an interaction that is not its own')
  return broken
}

function ollamaRules(body: Fields): Broken {
  const broken: Broken = []
  let open: unknown[] = []
  for (const [at, { role, content, images, thinking: _, tool_calls, tool_name, ...more }] of objects(body.messages).entries()) {
    if (!['system', 'user', 'assistant', 'tool'].includes(String(role))) broken.push(`${at}: a foreign role: ${String(role)}`)
    for (const key of Object.keys(more)) broken.push(`${at}: foreign: ${key}`)
    if (role === 'tool') {
      if (open.shift() !== tool_name) broken.push(`${at}: a result of no call before it: ${String(tool_name)}`)
      continue
    }
    const calls = objects(tool_calls)
    if (open.length) broken.push(`${at}: calls are not answered: ${open.join()}`)
    if (role === 'assistant') open = calls.map((call) => objects([call.function])[0]?.name)
    if (calls.some(({ id }) => id !== undefined)) broken.push(`${at}: a foreign id`)
    if (!content && !calls.length && !images) broken.push(`${at}: empty content of ${String(role)}`)
    for (const image of Array.isArray(images) ? images : [])
      if (!/^[A-Za-z0-9+/]+=*$/.test(String(image))) broken.push(`${at}: an image that is no base64`)
  }
  if (open.length) broken.push(`at the end calls are not answered: ${open.join()}`)
  return broken
}

function cohereRules(body: Fields): Broken {
  const broken: Broken = []
  let open: unknown[] = []
  for (const [at, { role, content, tool_plan, tool_calls, tool_call_id, ...more }] of objects(body.messages).entries()) {
    if (role === 'tool') {
      if (!open.includes(tool_call_id)) broken.push(`${at}: a result of no call before it: ${String(tool_call_id)}`)
      open = open.filter((known) => known !== tool_call_id)
      continue
    }
    if (open.length) broken.push(`${at}: calls are not answered: ${open.join()}`)
    const calls = objects(tool_calls)
    open = calls.map((call) => call.id)
    if (new Set(open).size < open.length) broken.push(`${at}: two calls of one id`)
    for (const { function: called } of calls)
      if (typeof (called as Fields).arguments !== 'string') broken.push(`${at}: arguments that are no text`)
    if (Object.keys(more).length) broken.push(`${at}: foreign: ${Object.keys(more).join()}`)
    if (tool_plan !== undefined && !calls.length) broken.push(`${at}: a plan without calls`)
    const blocks = objects(content)
    if (blocks.some(({ type }) => type === 'thinking')) broken.push(`${at}: foreign replay data`)
    if (calls.length && blocks.some(({ type }) => type === 'text')) broken.push(`${at}: text beside calls`)
    const empty = content === undefined || (content as string | unknown[]).length === 0
    if (empty && !calls.length) broken.push(`${at}: empty content of ${String(role)}`)
    for (const { type, text } of blocks) {
      if (text === '') broken.push(`${at}: empty text`)
      if (!['text', 'thinking', role === 'user' ? 'image_url' : 'text'].includes(String(type)))
        broken.push(`${at}: foreign: ${String(type)}`)
    }
  }
  if (open.length) broken.push(`at the end calls are not answered: ${open.join()}`)
  for (const document of Array.isArray(body.documents) ? (body.documents as unknown[]) : [])
    if (typeof document !== 'string' && typeof (document as Fields).id !== 'string') broken.push('a document without an id')
  return broken
}

const targets: readonly Target[] = [
  {
    name: 'chat',
    wire: 'openai-chat',
    model: (fetch) => openaiChat('gpt-5.4-mini', { apiKey: 'k', fetch }),
    schema: 'openai.chat.request.json',
    broken: chatRules(/^[^]{1,40}$/, true),
  },
  {
    name: 'mistral',
    wire: 'openai-chat',
    model: (fetch) => openaiCompatible(presets.mistral, { apiKey: 'k', fetch })('mistral-large'),
    schema: 'mistral.chat.request.json',
    broken: chatRules(/^[a-zA-Z0-9]{9}$/),
  },
  {
    name: 'openrouter',
    wire: 'openai-chat',
    model: (fetch) => openaiCompatible(presets.openrouter, { apiKey: 'k', fetch })('a/b'),
    schema: 'openrouter.chat.request.json',
    broken: chatRules(/./),
  },
  {
    name: 'responses',
    wire: 'openai-responses',
    model: (fetch) => openai('gpt-5.4-mini', { apiKey: 'k', fetch }),
    schema: 'openai.responses.request.json',
    broken: responsesRules,
  },
  {
    name: 'messages',
    wire: 'anthropic-messages',
    model: (fetch) => anthropic('claude-haiku-4-5', { apiKey: 'k', fetch }),
    schema: 'anthropic.messages.request.json',
    broken: messagesRules,
  },
  {
    name: 'gemini',
    wire: 'gemini',
    model: (fetch) => gemini('gemini-3-flash-preview', { apiKey: 'k', fetch }),
    schema: 'gemini.generateContent.request.json',
    broken: geminiRules,
  },
  {
    name: 'interactions',
    wire: 'gemini-interactions',
    model: (fetch) => interactions('gemini-3-flash-preview', { apiKey: 'k', fetch, store: true }),
    schema: 'gemini.interactions.request.json',
    // a word for a choice is named in the schema, which wants an object all the same
    known: ({ generation_config, ...body }) => {
      const { tool_choice, ...config } = (generation_config ?? {}) as Fields
      return { ...body, generation_config: typeof tool_choice === 'string' ? config : { ...config, tool_choice } }
    },
    broken: interactionsRules,
  },
  {
    name: 'ollama',
    wire: 'ollama',
    model: (fetch) => ollama('qwen3', { fetch }),
    schema: 'ollama.chat.request.json',
    broken: ollamaRules,
    refuses: /takes images as data only/,
  },
  {
    name: 'cohere',
    wire: 'cohere',
    model: (fetch) => cohere('command-a-plus-05-2026', { apiKey: 'k', fetch }),
    broken: cohereRules,
    refuses: /takes no (application\/pdf|audio|video)/,
  },
]

const sources: readonly (readonly [Wire, readonly Recording[]])[] = [
  [chat, recordings(Object.keys(dialects))],
  [responses, recordings((api) => api.endsWith('.responses'))],
  [messages, recordings(['anthropic.messages'])],
  [ollamaWire, recordings(['ollama.chat'])],
  [geminiWire, recordings((api) => /^(gemini|vertex)\.(stream)?generateContent$/i.test(api))],
  [cohereWire, recordings(['cohere.v2.chat'])],
]

interface Transcript {
  id: string
  wire: string
  call: ModelCall
}

/** A conversation whose beginning the server kept: nobody else can go on with it. */
const headless = ({ messages }: ModelCall): boolean => messages.find(({ role }) => role !== 'system')?.role !== 'user'

/** What was said up to the last request of each conversation that the model has a part in, as it was sent there. */
const requested = (): Transcript[] =>
  sources.flatMap(([wire, all]) =>
    [...Map.groupBy(all, ({ api, group }) => `${api} ${group}`).values()].flatMap((steps) => {
      const last = steps
        .filter(({ request, id }) => (request as unknown) && request.body && !(id in wire.skip))
        .sort((a, b) => a.step - b.step)
        .at(-1)
      if (!last) return []
      const asked = wire.parse(last)
      const { system, messages, tools } = asked
      if (!messages.some(({ role }) => role === 'assistant') || headless(asked)) return []
      return [{ id: last.id, wire: wire.name, call: { messages, ...(system && { system }), ...(tools && { tools }) } }]
    }),
  )

/** The last answer of each conversation as we read it, with all that its server wants back, the results that it asks for, and a word more. */
async function answered(): Promise<Transcript[]> {
  const all: Transcript[] = []
  for (const [wire, recorded] of sources)
    for (const steps of Map.groupBy(recorded, ({ api, group }) => `${api} ${group}`).values()) {
      const last = steps
        .filter(({ response }) => response.status === 200)
        .sort((a, b) => a.step - b.step)
        .at(-1)
      if (!last || last.id in wire.skip) continue
      const asked = (last.request as unknown) && last.request.body ? wire.parse(last) : { messages: [user('hi')] }
      if (headless(asked)) continue
      const answer = await collect(wire.model(last, answering(last))({ ...asked, messages: [user('hi')] })).catch(() => undefined)
      if (!answer?.parts.length) continue
      const results = callsOf(answer.parts).map(({ id, name }): Part => ({ type: 'result', id, name, output: { found: 1 } }))
      const said: Message[] = [
        { role: 'assistant', parts: answer.parts },
        ...(results.length ? [{ role: 'tool' as const, parts: results }] : []),
        user('go on'),
      ]
      all.push({
        id: `${last.id} answered`,
        wire: wire.name,
        call: { messages: [...asked.messages, ...said], ...(asked.tools && { tools: asked.tools }) },
      })
    }
  return all
}

async function sent(target: Target, call: ModelCall): Promise<Fields> {
  let body: Fields | undefined
  const model = target.model(async (_url, init) => {
    body = JSON.parse(init?.body as string) as Fields
    return new Response('{}', { status: 400 })
  })
  await collect(model(call)).catch((error: unknown) => {
    if (!body) throw error
  })
  return body!
}

const validators = new Map<string, ValidateFunction>()
function invalid({ schema, known = (all) => all }: Target, body: Fields): unknown[] {
  if (schema === undefined) return []
  const validate =
    validators.get(schema) ??
    new Ajv2020({ strict: false, validateFormats: false }).compile(
      JSON.parse(readFileSync(join(folder, '../schemas', schema), 'utf8')) as Fields,
    )
  validators.set(schema, validate)
  return validate(known(body)) ? [] : (validate.errors ?? []).slice(0, 5).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

describe('media that the next model does not take', () => {
  const file: Part = { type: 'media', mime: 'application/pdf', ref: 'file_1', store: 'elsewhere' }
  const given: Message = { role: 'user', parts: [{ type: 'text', text: 'Read this.' }, file] }
  const answer: Message = { role: 'assistant', parts: [{ type: 'text', text: 'I did.' }] }

  test.each(targets.map((target) => [target.name, target] as const))(
    '%s: is named in words in history, and refused where it is new',
    async (_name, target) => {
      const body = await sent(target, { messages: [given, answer, user('And?')] })
      expect(JSON.stringify(body)).toContain('[application/pdf]')
      expect(JSON.stringify(body)).not.toContain('file_1')
      await expect(sent(target, { messages: [user('hi'), answer, given] })).rejects.toMatchObject({ code: 'model/unsupported' })
    },
  )
})

describe.skipIf(!recorded)('a conversation goes on with another model', () => {
  test('what a model wants back bears the name that the model gives', async () => {
    let seen = 0
    for (const [wire, recorded] of sources)
      for (const recording of recorded.filter(({ response }) => response.status === 200)) {
        const model = wire.model(recording, answering(recording))
        const answer = await collect(model({ messages: [user('hi')] })).catch(() => undefined)
        for (const { replay } of answer?.parts ?? []) {
          if (!replay) continue
          expect(replay.wire, recording.id).toBe(model.info.wire)
          seen++
        }
      }
    console.log(`wire: switch: ${seen} parts with replay data`)
    expect(seen).toBeGreaterThanOrEqual(193)
  })

  test('what is sent fits the schema and the rules of the other wire', async () => {
    const wrong: Record<string, unknown> = {}
    const pairs: Record<string, number> = {}
    for (const { id, wire, call } of [...requested(), ...(await answered())])
      for (const target of targets) {
        if (target.wire === wire) continue
        const name = `${wire} -> ${target.name}`
        pairs[name] = (pairs[name] ?? 0) + 1
        try {
          const body = await sent(target, call)
          const found = [...target.broken(body), ...invalid(target, body)]
          if (found.length) wrong[`${name}: ${id}`] = found
        } catch (error) {
          if (!target.refuses?.test(String(error))) wrong[`${name}: ${id}`] = String(error)
        }
      }
    const checked = Object.values(pairs).reduce((a, b) => a + b, 0)
    console.log(`wire: switch: ${checked} pairs: ${JSON.stringify(pairs)}`)
    expect(wrong).toEqual({})
    expect(checked).toBeGreaterThanOrEqual(2214)
  }, 60_000)

  test('the rules see what goes back to the server that made it', async () => {
    const seen: Record<string, number> = {}
    for (const { wire, call } of await answered()) {
      const target = targets.findLast((known) => known.wire === wire)!
      const found = target.broken(await sent(target, call).catch(() => ({})))
      if (found.some((problem) => problem.includes('foreign'))) seen[wire] = (seen[wire] ?? 0) + 1
    }
    console.log(`wire: switch: replay data is seen: ${JSON.stringify(seen)}`)
    for (const wire of ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'ollama', 'cohere'])
      expect(seen[wire], wire).toBeGreaterThan(0)
  }, 60_000)

  test.each<[rule: string, target: string, body: Fields]>([
    [
      'a result of no call',
      'chat',
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'tool', tool_call_id: 'c', content: 'b' },
        ],
      },
    ],
    [
      'not answered',
      'chat',
      {
        messages: [
          { role: 'assistant', content: '', tool_calls: [{ id: 'c' }] },
          { role: 'user', content: 'a' },
        ],
      },
    ],
    ['foreign form', 'mistral', { messages: [{ role: 'assistant', content: '', tool_calls: [{ id: 'call_12345' }] }] }],
    ['empty content', 'chat', { messages: [{ role: 'user', content: '' }] }],
    ['a result of no call', 'responses', { input: [{ type: 'function_call_output', call_id: 'c', output: 'x' }] }],
    ['not answered', 'responses', { input: [{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }] }],
    [
      'user after user',
      'messages',
      {
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'a' }] },
          { role: 'user', content: [{ type: 'text', text: 'a' }] },
        ],
      },
    ],
    ['blank text', 'messages', { messages: [{ role: 'user', content: [{ type: 'text', text: ' ' }] }] }],
    [
      'a result after something else',
      'messages',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'a' },
              { type: 'tool_result', tool_use_id: 'c' },
            ],
          },
        ],
      },
    ],
    ['a result of no call', 'cohere', { messages: [{ role: 'tool', tool_call_id: 'c', content: 'x' }] }],
    ['not answered', 'cohere', { messages: [{ role: 'assistant', tool_calls: [{ id: 'c', function: { arguments: '{}' } }] }] }],
    ['a plan without calls', 'cohere', { messages: [{ role: 'assistant', content: 'a', tool_plan: 'b' }] }],
    ['are answered by', 'gemini', { contents: [{ role: 'user', parts: [{ functionResponse: { name: 'f', response: {} } }] }] }],
    ['a result of no call', 'interactions', { input: [{ type: 'function_result', call_id: 'c', name: 'f', result: 'x' }] }],
    ['not answered', 'interactions', { input: [{ type: 'function_call', id: 'c', name: 'f', arguments: {} }] }],
    ['a foreign step', 'interactions', { input: [{ type: 'thought', content: [] }] }],
    ['not its own', 'interactions', { input: [], previous_interaction_id: 'i' }],
    ['a result of no call', 'ollama', { messages: [{ role: 'tool', content: 'x', tool_name: 'f' }] }],
    [
      'not answered',
      'ollama',
      {
        messages: [
          { role: 'assistant', content: '', tool_calls: [{ function: { name: 'f' } }] },
          { role: 'user', content: 'a' },
        ],
      },
    ],
    [
      'without the sign for none',
      'gemini',
      {
        contents: [
          { role: 'user', parts: [{ text: 'a' }] },
          { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] },
        ],
      },
    ],
  ])('the rules see: %s (%s)', (rule, name, body) => {
    const { broken } = targets.find((target) => target.name === name)!
    expect(broken(body).some((problem) => problem.includes(rule))).toBe(true)
  })
})
