// The tiny Llama behind the two dialects that local servers speak: OpenAI's Chat Completions and Ollama's own.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openSampler, type Sampler, type Told } from './sampler.ts'

export interface LlamaServer {
  url: string
  close(): Promise<void>
}

/** What `GET /status` tells. */
export interface Status {
  sampled: number
  busy: boolean
}

type Fields = Record<string, unknown>

interface Ask {
  prompt: string
  max: number
  temperature: number
  seed: number | undefined
  stop: readonly string[]
  /** The tools that it must call one of. */
  tools: readonly { name: string; schema: Fields }[]
  json: true | Fields | undefined
  stream: boolean
}

type Piece = { text: string } | { call: string } | { input: string }

/** Serves a model file on loopback, one story at a time. */
export async function startLlama(file: string, { pace = 0 }: { pace?: number } = {}): Promise<LlamaServer> {
  const sampler = await openSampler(file, pace)
  const server = createServer((request, response) => {
    route(sampler, request, response).catch((error: unknown) => {
      // who is gone needs no answer
      if (response.destroyed) return
      if (response.headersSent) return response.destroy()
      const tooLong = error instanceof RangeError || error instanceof SyntaxError
      sendJson(response, { error: { message: String((error as Error).message), type: 'invalid_request_error' } }, tooLong ? 400 : 500)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await sampler.close()
    },
  }
}

async function route(sampler: Sampler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = `${request.method} ${request.url}`
  if (path === 'GET /status') return sendJson(response, { sampled: sampler.sampled, busy: sampler.busy } satisfies Status)
  if (path === 'GET /v1/models') return sendJson(response, { object: 'list', data: [{ id: 'stories260K', object: 'model' }] })
  if (path === 'GET /api/tags')
    return sendJson(response, { models: [{ name: 'stories260K', model: 'stories260K', details: { family: 'llama' } }] })
  const dialect = path === 'POST /v1/chat/completions' ? openai : path === 'POST /api/chat' ? ollama : undefined
  if (!dialect) return sendJson(response, { error: { message: 'not found' } }, 404)
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  let text = ''
  for await (const piece of request) text += String(piece)
  await dialect(sampler, JSON.parse(text) as Fields, response, gone.signal)
}

/** A story, or a call: the tool is chosen by one grammar and its input written under another. */
async function* answer(sampler: Sampler, { prompt, tools, ...ask }: Ask, signal: AbortSignal): AsyncGenerator<Piece, Told> {
  const job = { ...ask, prompt, signal }
  if (!tools.length) {
    const story = sampler.tell(job)
    for (;;) {
      const { value, done } = await story.next()
      if (done) return value
      yield { text: value }
    }
  }
  let name = ''
  const naming = sampler.tell({ ...job, json: { enum: tools.map((tool) => tool.name) } })
  let chosen: Told
  for (;;) {
    const { value, done } = await naming.next()
    if (done) {
      chosen = value
      break
    }
    name += value
  }
  const tool = tools.find((each) => name.trim() === JSON.stringify(each.name))!
  yield { call: tool.name }
  const filling = sampler.tell({ ...job, prompt: `${prompt}\n${name} `, json: tool.schema })
  for (;;) {
    const { value, done } = await filling.next()
    if (done) return { ...value, prompt: chosen.prompt, sampled: chosen.sampled + value.sampled }
    yield { input: value }
  }
}

async function openai(sampler: Sampler, body: Fields, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const ask = askOf(body, body, body.tool_choice, (body.response_format as Fields | undefined) ?? {})
  const base = { id: `chatcmpl-${sampler.sampled}`, object: ask.stream ? 'chat.completion.chunk' : 'chat.completion', model: body.model }
  const story = answer(sampler, ask, signal)
  const message = { role: 'assistant', content: '', tool_calls: [] as { function: { name: string; arguments: string } }[] }
  const send = (data: unknown): Promise<void> => write(response, `data: ${JSON.stringify(data)}\n\n`, signal)
  const delta = (fields: Fields): Promise<void> => send({ ...base, choices: [{ index: 0, delta: fields, finish_reason: null }] })
  for (let first = true; ; first = false) {
    const { value, done } = await story.next()
    if (first && ask.stream) {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      await delta({ role: 'assistant', content: '' })
    }
    if (done) {
      const { prompt, sampled } = value
      const finish = message.tool_calls.length && value.reason === 'stop' ? 'tool_calls' : value.reason
      const usage = { prompt_tokens: prompt, completion_tokens: sampled, total_tokens: prompt + sampled }
      if (!ask.stream) return sendJson(response, { ...base, choices: [{ index: 0, message, finish_reason: finish }], usage })
      await send({ ...base, choices: [{ index: 0, delta: {}, finish_reason: finish }] })
      if ((body.stream_options as Fields | undefined)?.include_usage) await send({ ...base, choices: [], usage })
      return void response.end('data: [DONE]\n\n')
    }
    if ('text' in value) message.content += value.text
    else if ('call' in value)
      message.tool_calls.push({ id: `call_${sampler.sampled}`, type: 'function', function: { name: value.call, arguments: '' } } as never)
    else message.tool_calls.at(-1)!.function.arguments += value.input
    if (!ask.stream) continue
    if ('text' in value) await delta({ content: value.text })
    else if ('call' in value) await delta({ tool_calls: [{ index: 0, ...message.tool_calls.at(-1) }] })
    else await delta({ tool_calls: [{ index: 0, function: { arguments: value.input } }] })
  }
}

async function ollama(sampler: Sampler, body: Fields, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const { format, options = {} } = body as { format?: unknown; options?: Fields }
  const ask = askOf(
    { ...body, stream: body.stream !== false },
    { ...options, max_tokens: options.num_predict },
    undefined,
    format === 'json' ? { type: 'json_object' } : typeof format === 'object' && format ? { json_schema: { schema: format } } : {},
  )
  const told = { content: '', name: '', input: '' }
  const base = { model: body.model, created_at: new Date(0).toISOString() }
  const calls = (): Fields => (told.name ? { tool_calls: [{ function: { name: told.name, arguments: inputOf(told.input) } }] } : {})
  const story = answer(sampler, ask, signal)
  for (let first = true; ; first = false) {
    const { value, done } = await story.next()
    if (first && ask.stream) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    const send = (fields: Fields): Promise<void> => write(response, `${JSON.stringify({ ...base, ...fields })}\n`, signal)
    if (done) {
      const end = { done: true, done_reason: value.reason, prompt_eval_count: value.prompt, eval_count: value.sampled, total_duration: 1 }
      if (!ask.stream) return sendJson(response, { ...base, message: { role: 'assistant', content: told.content, ...calls() }, ...end })
      // a call comes whole here
      if (told.name) await send({ message: { role: 'assistant', content: '', ...calls() }, done: false })
      await send({ message: { role: 'assistant', content: '' }, ...end })
      return void response.end()
    }
    if ('call' in value) told.name = value.call
    else if ('input' in value) told.input += value.input
    else {
      told.content += value.text
      if (ask.stream) await send({ message: { role: 'assistant', content: value.text }, done: false })
    }
  }
}

const inputOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    // the limit cut it off
    return {}
  }
}

/** Both dialects name the same things; they differ in where. */
function askOf(body: Fields, settings: Fields, choice: unknown, format: Fields): Ask {
  const messages = body.messages as { role: string; content?: string | { text?: string }[] }[]
  const said = messages.map(({ content = '' }) => (typeof content === 'string' ? content : content?.map(({ text = '' }) => text).join('')))
  const named = typeof choice === 'object' && choice ? ((choice as Fields).function as Fields).name : undefined
  const calls = choice === 'required' || named !== undefined || (choice !== 'none' && messages.at(-1)?.role !== 'tool')
  const tools = ((body.tools as { function: { name: string; parameters?: Fields } }[] | undefined) ?? [])
    .map((tool) => ({ name: tool.function.name, schema: tool.function.parameters ?? { type: 'object', properties: {} } }))
    .filter(({ name }) => named === undefined || name === named)
  const { stop } = settings
  return {
    prompt: said.filter(Boolean).join('\n'),
    max: ((settings.max_tokens ?? settings.max_completion_tokens) as number | undefined) ?? 128,
    temperature: (settings.temperature as number | undefined) ?? 0,
    seed: settings.seed as number | undefined,
    stop: typeof stop === 'string' ? [stop] : ((stop as string[] | undefined) ?? []),
    tools: calls ? tools : [],
    json: format.json_schema ? ((format.json_schema as Fields).schema as Fields) : format.type === 'json_object' ? true : undefined,
    stream: body.stream === true,
  }
}

async function write(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (!response.write(text)) await once(response, 'drain', { signal })
}

function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
