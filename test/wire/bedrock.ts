// Bedrock as recorded: how a request of any client is read as a neutral call, and what may differ.
import type { Message, ModelCall, Part, ResultPart, ToolChoice, ToolInfo } from '../../src/index.ts'
import { bedrockAnthropic } from '../../src/providers/bedrock-anthropic.ts'
import { bedrock } from '../../src/providers/bedrock.ts'
import { bedrockOptions } from '../../src/providers/wire/bedrock-request.ts'
import { wire as messages } from './anthropic.ts'
import type { Fields, Wire } from './checks.ts'
import type { Recording } from './recordings.ts'

const name = 'bedrock'

export const bedrockApis = ['bedrock.converse', 'bedrock.converseStream', 'bedrock.invoke', 'bedrock.invokeStream'] as const

/** Where a recording was sent: the model and the operation. */
export function addressOf({ request }: Pick<Recording, 'request'>): { model: string; operation: string } {
  const [, model = 'm', operation = 'converse-stream'] =
    (request as Recording['request'] | null)?.url.match(/\/model\/([^/?]+)\/([\w-]+)$/) ?? []
  return { model: decodeURIComponent(model), operation }
}

/** Whether Claude is asked in the words of its own API. */
export const asksClaude = (recording: Pick<Recording, 'request'>): boolean => {
  const { model, operation } = addressOf(recording)
  return operation.startsWith('invoke') && model.includes('anthropic')
}

export const bedrockWire: Wire = {
  name,
  model(recording, fetch) {
    const { model, operation } = addressOf(recording)
    if (asksClaude(recording)) return bedrockAnthropic(model, { region: 'us-east-1', apiKey: 'k', provider: recording.provider, fetch })
    return bedrock(model, {
      region: 'us-east-1',
      apiKey: 'k',
      provider: recording.provider,
      api: operation.startsWith('invoke') ? 'invoke' : 'converse',
      fetch,
    })
  },
  parse(recording) {
    const { request } = recording
    const { model, operation } = addressOf(recording)
    if (!asksClaude(recording)) return callOf(request.body!, operation)
    const stream = operation === 'invoke-with-response-stream'
    return messages.parse({ ...recording, request: { ...request, body: { ...request.body, model, stream } } })
  },
  options: bedrockOptions,
  skip: {
    'bedrock-invoke--should-handle-mistral-pixtral-models-00a2b4':
      'the body of InvokeModel is of the model’s own API, here Mistral’s: we ask the same model by Converse. Its error is read',
  },
  normalise: [
    {
      why: 'what may differ in the words of Claude’s own API',
      apply(body, recording) {
        if (asksClaude(recording)) for (const { apply } of messages.normalise) apply(body, recording)
      },
    },
    {
      why: 'what is empty is left out',
      apply(body) {
        const inference = body.inferenceConfig as Fields | undefined
        if (Array.isArray(inference?.stopSequences) && !inference.stopSequences.length) delete inference.stopSequences
        if (inference && !Object.keys(inference).length) delete body.inferenceConfig
        if (Array.isArray(body.system) && !body.system.length) delete body.system
      },
    },
    {
      why: 'a result is a success where it is not said to be none; a plain text is given as text, also where a client gives its bytes',
      apply(body) {
        for (const { content } of list(body.messages))
          for (const { toolResult, document } of list(content) as { toolResult?: Fields; document?: Fields }[]) {
            if (toolResult?.status === 'success' && !('type' in toolResult)) delete toolResult.status
            const { bytes } = (document?.source ?? {}) as { bytes?: string }
            if (document?.format === 'txt' && bytes !== undefined)
              document.source = { text: new TextDecoder().decode(Buffer.from(bytes, 'base64')) }
          }
      },
    },
  ],
}

// --- a recorded body as a neutral call

const list = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : [])
const replay = (block: Fields): { replay: { wire: string; data: never } } => ({ replay: { wire: name, data: block as never } })

function callOf(body: Fields, operation: string): ModelCall {
  const { maxTokens, temperature, topP, stopSequences, ...inference } = (body.inferenceConfig ?? {}) as Record<string, unknown>
  const { reasoning_config: thinking, ...additional } = (body.additionalModelRequestFields ?? {}) as Fields
  const { toolChoice } = (body.toolConfig ?? {}) as { toolChoice?: Fields }
  const options: Fields = {}
  for (const field of bedrockOptions)
    if (!['inferenceConfig', 'additionalModelRequestFields', 'toolConfig', 'system'].includes(field) && body[field] !== undefined)
      options[field] = body[field]
  if (Object.keys(inference).length) options.inferenceConfig = inference
  if (Object.keys(additional).length) options.additionalModelRequestFields = additional
  const tools = toolsOf(list((body.toolConfig as Fields | undefined)?.tools))
  return {
    stream: operation.endsWith('stream'),
    messages: list(body.messages).flatMap(messagesOf),
    ...(list(body.system).length && {
      system: marked(
        list(body.system).map(({ text, ...more }) => ({ text, more })),
        'text',
      ) as never,
    }),
    ...(tools.length && { tools }),
    ...(toolChoice && { toolChoice: choiceOf(toolChoice) }),
    ...(maxTokens !== undefined && { maxTokens: maxTokens as number }),
    ...(temperature !== undefined && { temperature: temperature as number }),
    ...(topP !== undefined && { topP: topP as number }),
    ...(Array.isArray(stopSequences) && { stop: stopSequences as string[] }),
    ...(thinking !== undefined && { reasoning: { tokens: (thinking as { budget_tokens: number }).budget_tokens } }),
    ...(Object.keys(options).length && { providerOptions: { [name]: options } }),
  }
}

/** Breakpoints of the cache stand behind what they mark. */
function marked(blocks: readonly { text: unknown; more: Fields }[], type: 'text'): Part[] {
  const parts: Part[] = []
  for (const { text, more } of blocks) {
    if (more.cachePoint) parts[parts.length - 1] = { ...parts.at(-1)!, providerOptions: { [name]: { cachePoint: more.cachePoint } } }
    else parts.push({ type, text: String(text) })
  }
  return parts
}

const choiceOf = (choice: Fields): ToolChoice =>
  choice.any ? 'required' : choice.tool ? { tool: String((choice.tool as Fields).name) } : 'auto'

const toolsOf = (tools: readonly Fields[]): ToolInfo[] =>
  tools.flatMap(({ toolSpec, ...other }): ToolInfo[] => {
    if (!toolSpec) return [{ name: Object.keys(other)[0]!, hosted: { wire: name, definition: other } }]
    const { name: called, description, inputSchema, ...more } = toolSpec as Fields
    return [
      {
        name: String(called),
        ...(typeof description === 'string' && { description }),
        input: (inputSchema as { json: Fields }).json,
        ...(Object.keys(more).length && { providerOptions: { [name]: more } }),
      },
    ]
  })

function messagesOf({ role, content }: Fields): Message[] {
  if (role === 'assistant') return [{ role, parts: list(content).map(said) }]
  const results = list(content).filter(({ toolResult }) => toolResult)
  const rest = list(content).filter(({ toolResult }) => !toolResult)
  return [
    ...(results.length ? [{ role: 'tool' as const, parts: results.map(({ toolResult }) => resultOf(toolResult as Fields)) }] : []),
    ...(rest.length ? [{ role: 'user' as const, parts: rest.map(given) }] : []),
  ]
}

function said(block: Fields): Part {
  const { text, reasoningContent, toolUse } = block
  if (typeof text === 'string') return { type: 'text', text }
  if (reasoningContent) {
    const { reasoningText } = reasoningContent as { reasoningText?: { text: string } }
    return { type: 'reasoning', text: reasoningText?.text ?? '', ...replay(block) }
  }
  if (toolUse) {
    const { toolUseId, name: called, input, type } = toolUse as Fields
    if (type === 'server_tool_use')
      return { type: 'call', id: String(toolUseId), name: String(called), input, by: 'provider', ...replay(block) }
    return { type: 'call', id: String(toolUseId), name: String(called), input }
  }
  return { type: 'opaque', kind: Object.keys(block)[0]!, ...replay(block) }
}

function resultOf({ toolUseId, content, status, ...more }: Fields): Part {
  const base: ResultPart = {
    type: 'result',
    id: String(toolUseId),
    name: '',
    ...(Object.keys(more).length && { providerOptions: { [name]: more } }),
  }
  const [first, ...others] = list(content)
  if (status === 'error' && !others.length && typeof first?.text === 'string')
    return { ...base, error: { code: 'tool/failed', message: first.text } }
  if (status === 'error') base.providerOptions = { [name]: { ...more, status } }
  if (!others.length && first?.json) return { ...base, output: first.json }
  if (!others.length && typeof first?.text === 'string') return { ...base, output: first.text }
  return { ...base, parts: list(content).map((block) => ({ type: 'text', text: '', providerOptions: { [name]: { block } } })) }
}

function given(block: Fields): Part {
  const { text, document, image } = block
  if (typeof text === 'string') return { type: 'text', text }
  if (document) {
    const {
      name: called,
      source,
      format,
      ...more
    } = document as { name: string; source: { text?: string; bytes?: string }; format: string }
    if (source.text === undefined && source.bytes === undefined) return { type: 'text', text: '', providerOptions: { [name]: { block } } }
    const mime = format === 'txt' ? 'text/plain' : `application/${format}`
    const data = source.text === undefined ? source.bytes! : Buffer.from(source.text).toString('base64')
    return { type: 'media', mime, data, name: called, ...(Object.keys(more).length && { providerOptions: { [name]: more } }) }
  }
  if (image) {
    const { format, source } = image as { format: string; source: { bytes?: string } }
    if (source.bytes === undefined) return { type: 'text', text: '', providerOptions: { [name]: { block } } }
    return { type: 'media', mime: `image/${format}`, data: source.bytes }
  }
  return { type: 'text', text: '', providerOptions: { [name]: { block } } }
}
