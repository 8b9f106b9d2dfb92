import {
  type Asked,
  type Fields,
  fieldsIn,
  isFields,
  listIn,
  mediaAt,
  numberIn,
  type Question,
  refuse,
  textIn,
  turn,
  type Turn,
} from './asked.ts'
import { chatServers, dialects } from './chat-dialects.ts'
import { openaiChatServer } from './openai-chat.ts'
import { type Answer, type Called, type Failing, piecesOf, valueOf, wholeOf } from './scenario.ts'
import type { FakeServer } from './serve.ts'
import type { Frame, WireServer } from './wire.ts'

const { refusal, failing, lacks } = chatServers.workersAi
const chat = openaiChatServer({
  ...dialects.workersAi,
  refuses: [],
  lacks: { ...dialects.workersAi.lacks, 'one call at a time': undefined },
})

/** `…/ai/run/MODEL` as the older models of Workers AI answer it. Sources: the vendor's model schemas and types of November 2026. */
export const workersAiServer: WireServer = {
  name: 'workers-ai',
  framing: 'sse',
  read,
  events,
  marker: { data: '[DONE]' },
  body: (answer) => ({ result: whole(answer), success: true, errors: [], messages: [] }),
  refusal,
  failing: (what: Failing) => failing!(what),
  tomorrow: [{ data: { wonder: ['tomorrow'] } }, { event: 'wonder', data: { response: '', hologram: { depth: 3 }, p: 'ab' } }],
  option: { key: 'workers-ai', field: 'raw', value: true },
  lacks: {
    ...lacks,
    'arguments as text': 'arguments are objects',
    'cached usage': 'it does not tell of a cache',
    'error in a chunk': 'an error is an event of its own',
    'image by address': 'its older models take images as data only',
    'interleaved calls': 'a call always comes whole',
    'one choice': 'its older models have no tool choice: they are told of no other tool',
    'reasoning usage': 'its older models do not count thinking apart',
    'repeated ids': 'its calls have no ids',
    'required choice': 'its older models have no tool choice',
    effort: 'its older models are not told how hard to think',
    endings: 'its older models do not say why they ended',
    proofs: 'nothing of thinking has to go back',
    reasoning: 'thinking is part of the text',
    safety: 'its older models do not say why they ended',
    stop: 'its older models have no stop sequences',
  },
}

/** `…/ai/run/MODEL` as the newer models answer it: Chat Completions, in `result` where they are whole. */
export const workersAiChatServer: WireServer = {
  ...chat,
  name: 'workers-ai (chat)',
  read: ({ path, body, ...question }) => {
    const model = modelIn(path)
    return chat.read({ ...question, path: '/chat/completions', body: { ...fieldsIn(body, 'body'), model } })
  },
  body: (answer) => ({ result: chat.body(answer), success: true, errors: [], messages: [] }),
  option: { key: 'workers-ai', field: 'user', value: 'user-77' },
}

/** The server as the binding `env.AI` of a Worker. Like the real one it throws `CODE: message` for a refusal. */
export function fakeAI({ handle }: Pick<FakeServer, 'handle'>): { run(model: string, input: object, options?: object): Promise<unknown> } {
  return {
    async run(model, input, options) {
      const {
        returnRawResponse = false,
        signal,
        extraHeaders,
      } = (options ?? {}) as { returnRawResponse?: boolean; signal?: AbortSignal; extraHeaders?: HeadersInit }
      const headers = new Headers(extraHeaders)
      headers.set('content-type', 'application/json')
      const response = await handle(
        new Request(`https://ai.test/ai/run/${model}`, { method: 'POST', headers, body: JSON.stringify(input), ...(signal && { signal }) }),
      )
      if (returnRawResponse) return response
      if (response.headers.get('content-type')?.startsWith('text/event-stream')) return response.body
      const { result, errors } = (await response.json()) as { result?: unknown; errors?: { code: number; message: string }[] }
      if (!response.ok) throw new Error(`${errors?.[0]?.code ?? 5000}: ${errors?.[0]?.message ?? 'failed'}`)
      return result
    },
  }
}

function modelIn(path: string): string {
  const [, model] = /\/run\/(@.+|.+)$/.exec(decodeURIComponent(path)) ?? []
  return model ?? refuse('No route for that URI', 'unknown-model', 404)
}

// --- what is asked

function read({ method, path, headers, body: raw }: Question): Asked {
  const model = modelIn(path)
  if (method !== 'POST') refuse('Method not allowed', 'invalid', 405)
  const body = fieldsIn(raw, 'body')
  const messages = listIn(body.messages, 'messages').map((message) => fieldsIn(message, 'message'))
  if (!messages.length) refuse('AiError: Bad input: messages must not be empty')
  const { response_format: format } = body
  return {
    model,
    stream: body.stream === true,
    key: headers.get('authorization')?.replace(/^Bearer /, ''),
    address: path,
    headers,
    system: messages.flatMap(({ role, content }) => (role === 'system' ? [contentOf(content).text] : [])),
    turns: messages.filter(({ role }) => role !== 'system').map(turnOf),
    tools: (body.tools === undefined ? [] : listIn(body.tools, 'tools')).map((tool) => toolIn(fieldsIn(tool, 'tool'))),
    stop: undefined,
    seed: numberIn(body.seed, 'seed', 1, 9_999_999_999),
    maxTokens: numberIn(body.max_tokens, 'max_tokens', 1),
    temperature: numberIn(body.temperature, 'temperature', 0, 5),
    topP: numberIn(body.top_p, 'top_p', 0, 2),
    output: isFields(format) ? (format.type === 'json_schema' ? { schema: bare(format.json_schema) } : {}) : undefined,
    body,
  }
}

/** The schema stands bare here, without a name around it. */
const bare = (schema: unknown): unknown =>
  fieldsIn(schema, 'json_schema').schema === undefined ? schema : refuse('json_schema must be the schema itself')

function toolIn({ function: made, ...tool }: Fields): Asked['tools'][number] {
  const { name, description, parameters } = isFields(made) ? made : tool
  return {
    name: textIn(name, 'tool.name'),
    description: description as string | undefined,
    schema: fieldsIn(parameters, 'tool.parameters'),
  }
}

function contentOf(content: unknown): Pick<Turn, 'text' | 'media'> {
  if (typeof content === 'string') return { text: content, media: [] }
  const parts = listIn(content, 'content').map((part) => fieldsIn(part, 'content part'))
  return {
    text: parts.map(({ type, text }) => (type === 'text' ? textIn(text, 'text') : '')).join(''),
    media: parts.flatMap(({ type, image_url: image }) => {
      if (type === 'text') return []
      if (type !== 'image_url') refuse(`content type ${String(type)} is not supported`)
      const media = mediaAt(textIn(fieldsIn(image, 'image_url').url, 'url'))
      return media.url === undefined ? [media] : refuse('image_url must be a data URL')
    }),
  }
}

function turnOf({ role, content, tool_calls: calls, name, tool_call_id: id }: Fields): Turn {
  // null is refused where others take it
  const { text, media } = contentOf(content)
  if (role === 'tool')
    return turn('tool', { results: [{ ...(typeof id === 'string' && { id }), ...(typeof name === 'string' && { name }), text }] })
  if (role !== 'user' && role !== 'assistant') refuse(`unknown role ${String(role)}`)
  return turn(role as 'user' | 'assistant', {
    text,
    media,
    calls: (calls === undefined || calls === null ? [] : listIn(calls, 'tool_calls')).map((call) => {
      const { id: own, function: made, ...flat } = fieldsIn(call, 'tool_call')
      const { name: called, arguments: args } = isFields(made) ? made : flat
      return {
        ...(typeof own === 'string' && { id: own }),
        name: textIn(called, 'name'),
        input: typeof args === 'string' ? JSON.parse(args) : args,
      }
    }),
  })
}

// --- what is answered

function usageOf({ usage }: Answer): Fields | undefined {
  if (usage === 'none') return undefined
  if (usage === 'null') return { prompt_tokens: null, completion_tokens: null, total_tokens: null }
  return { prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: usage.input + usage.output }
}

const callOf = ({ name, args }: Called): Fields => ({ name, ...(args !== undefined && { arguments: valueOf(args) }) })

function events(answer: Answer): Frame[] {
  const frames = answer.say.flatMap((saying): Frame[] => {
    if ('text' in saying) return piecesOf(saying.text).map((response) => ({ data: { response, p: 'abcdef' } }))
    return 'calls' in saying ? [{ data: { response: '', tool_calls: saying.calls.map(callOf), p: 'a' } }] : []
  })
  return [...frames, { data: { response: '', usage: usageOf(answer), p: '' }, last: true }]
}

function whole(answer: Answer): Fields {
  const text = answer.say.map((saying) => ('text' in saying ? wholeOf(saying.text) : '')).join('')
  const calls = answer.say.flatMap((saying) => ('calls' in saying ? saying.calls.map(callOf) : []))
  return { response: text, ...(calls.length && { tool_calls: calls }), usage: usageOf(answer) }
}
