import {
  type Asked,
  type AskedChoice,
  type AskedMedia,
  base64In,
  type Fields,
  fieldsIn,
  isFields,
  listIn,
  numberIn,
  onlyFields,
  type Question,
  refuse,
  textIn,
  turn,
  type Turn,
} from './asked.ts'
import {
  type Answer,
  type Called,
  type Cited,
  type Ending,
  type Failing,
  piecesOf,
  statuses,
  textsOf,
  valueOf,
  wholeOf,
} from './scenario.ts'
import type { Frame, WireServer } from './wire.ts'

const names = (words: string): ReadonlySet<string> => new Set(words.split(' '))
const known = names(
  'messages system inferenceConfig toolConfig guardrailConfig additionalModelRequestFields promptVariables additionalModelResponseFieldPaths requestMetadata performanceConfig serviceTier outputConfig',
)
const settings = names('maxTokens temperature topP stopSequences')

/** Names of errors, in the header `x-amzn-errortype` or of an exception in the stream, and what is said. */
const said: Readonly<Record<Failing, readonly [name: string, status: number, message?: string]>> = {
  invalid: ['ValidationException', 400],
  auth: ['UnrecognizedClientException', 403, 'The security token included in the request is invalid.'],
  denied: ['AccessDeniedException', 403, "You don't have access to the model with the specified model ID."],
  'unknown-model': ['ValidationException', 400, 'The provided model identifier is invalid.'],
  timeout: ['ModelTimeoutException', 408],
  conflict: ['ConflictException', 409],
  'too-large': ['ValidationException', 413],
  unprocessable: ['ValidationException', 422],
  rate: ['ThrottlingException', 429, 'Too many requests, please wait before trying again.'],
  quota: ['ServiceQuotaExceededException', 400, 'You have exceeded your service quota.'],
  context: ['ValidationException', 400, 'Input is too long for requested model.'],
  filtered: ['ValidationException', 400],
  server: ['InternalServerException', 500, 'The system encountered an unexpected error during processing. Try your request again.'],
  gateway: ['', 502],
  unavailable: ['ServiceUnavailableException', 503, 'Bedrock is unable to process your request.'],
  overloaded: ['', 529],
}

/** Converse of Amazon Bedrock, as Claude answers behind it. Source: AWS's API reference and user guide of November 2026. */
export const bedrockServer: WireServer = {
  name: 'bedrock',
  framing: 'eventstream',
  read,
  events,
  body,
  refusal: ({ failing, status, message, about }) => {
    const [name, own, words] = said[failing]
    const mine = words !== undefined && (status === undefined || status === own)
    return {
      status: status ?? own ?? statuses[failing],
      body: { message: mine ? `${words}${about ? ` (${about})` : ''}` : message },
      ...(name && { headers: { 'x-amzn-errortype': `${name}:http://internal.amazon.com/coral/com.amazon.bedrock/` } }),
    }
  },
  failing: (failing) => {
    const [name, , message = `failed: ${failing}`] = said[failing]
    return [
      { event: `exception:${(name || 'ModelStreamErrorException').replace(/^./, (first) => first.toLowerCase())}`, data: { message } },
    ]
  },
  tomorrow: [
    { event: 'wonder', data: { of: ['tomorrow'] } },
    { event: 'contentBlockDelta', data: { contentBlockIndex: 99, delta: { hologram: { depth: 3 } } } },
  ],
  option: { key: 'bedrock', field: 'requestMetadata', value: { team: 'a' } },
  lacks: {
    'error in a chunk': 'an error is a message of its own kind',
    filter: 'its guardrails answer in place of the model',
    'image by address': 'it takes addresses of S3 only',
    json: 'it has JSON by a schema only',
    lines: 'its messages are binary',
    'one call at a time': 'it has no switch for it',
    pause: 'no answer ends so',
    refusal: 'it has no field for refusals',
    'reasoning usage': 'it does not count thinking apart',
    'repeated ids': 'its own server makes the ids, each once',
    seed: 'it has no seed',
  },
}

// --- what is asked

function read({ method, path, headers, body: raw }: Question): Asked {
  const [, model, operation] = /\/model\/([^/]+)\/(converse|converse-stream)$/.exec(path) ?? []
  if (method !== 'POST' || !model) refuse('UnknownOperationException', 'unknown-model', 404)
  const body = fieldsIn(raw, 'body')
  onlyFields(body, known, '')
  const inference = body.inferenceConfig === undefined ? {} : fieldsIn(body.inferenceConfig, 'inferenceConfig')
  onlyFields(inference, settings, 'inferenceConfig.')
  const { tools, choice } =
    body.toolConfig === undefined ? { tools: [], choice: undefined } : toolsOf(fieldsIn(body.toolConfig, 'toolConfig'))
  const turns = turnsOf(listIn(body.messages, 'messages').map((message) => fieldsIn(message, 'message')))
  if (!tools.length && turns.some(({ calls, results }) => calls.length || results.length))
    refuse('The toolConfig field must be defined when using toolUse and toolResult content blocks.')
  const more =
    body.additionalModelRequestFields === undefined ? {} : fieldsIn(body.additionalModelRequestFields, 'additionalModelRequestFields')
  const thinking = (more.reasoning_config ?? more.thinking) as Fields | undefined
  const budget = thinking?.budget_tokens as number | undefined
  const maxTokens = numberIn(inference.maxTokens, 'maxTokens', 1)
  if (thinking?.type === 'enabled' && !(budget! >= 1024)) refuse('thinking.enabled.budget_tokens: must be at least 1024')
  if (budget !== undefined && maxTokens !== undefined && budget >= maxTokens)
    refuse('max_tokens must be greater than thinking.budget_tokens')
  if (thinking?.type === 'enabled' && choice !== undefined && choice !== 'auto')
    refuse('Thinking may not be enabled when tool_choice forces tool use.')
  const stop = inference.stopSequences === undefined ? undefined : (listIn(inference.stopSequences, 'stopSequences') as string[])
  if (stop?.some((sequence) => !sequence.trim())) refuse('stop_sequences: each stop sequence must contain non-whitespace')
  return {
    model: decodeURIComponent(model!),
    stream: operation === 'converse-stream',
    key: headers.get('authorization')?.replace(/^Bearer /, ''),
    address: path,
    headers,
    system: (body.system === undefined ? [] : listIn(body.system, 'system')).flatMap((block) => textOf(fieldsIn(block, 'system'))),
    turns,
    tools,
    choice,
    stop,
    maxTokens,
    temperature: numberIn(inference.temperature, 'temperature', 0, 1),
    topP: numberIn(inference.topP, 'topP', 0, 1),
    effort: budget ?? (isFields(more.output_config) ? more.output_config.effort : undefined),
    output: outputIn(body.outputConfig),
    body,
  }
}

function textOf({ text, cachePoint, guardContent }: Fields): string[] {
  if (cachePoint !== undefined || guardContent !== undefined) return []
  return textIn(text, 'text').trim() ? [text as string] : refuse('The text field in the ContentBlock object is blank.')
}

function outputIn(config: unknown): Asked['output'] {
  if (config === undefined) return undefined
  const { type, structure } = fieldsIn(fieldsIn(config, 'outputConfig').textFormat, 'textFormat')
  if (type !== 'json_schema') refuse('textFormat.type must be json_schema')
  const schema = JSON.parse(textIn(fieldsIn(fieldsIn(structure, 'structure').jsonSchema, 'jsonSchema').schema, 'schema')) as Fields
  if (schema.type === 'object' && schema.additionalProperties !== false) refuse("For 'object' type, 'additionalProperties' must be false")
  return { schema }
}

function toolsOf({ tools: list, toolChoice, ...other }: Fields): { tools: Asked['tools']; choice: AskedChoice | undefined } {
  if (Object.keys(other).length) refuse('toolConfig: extra inputs are not permitted')
  const tools = listIn(list, 'tools').flatMap((each): Asked['tools'] => {
    const { toolSpec, cachePoint } = fieldsIn(each, 'tool')
    if (cachePoint !== undefined) return []
    const { name, description, inputSchema } = fieldsIn(toolSpec, 'toolSpec')
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(textIn(name, 'name'))) refuse('toolSpec.name failed to satisfy constraint: [a-zA-Z0-9_-]+')
    const schema = fieldsIn(fieldsIn(inputSchema, 'inputSchema').json, 'json')
    if (schema.type !== 'object') refuse('The value at toolConfig.tools.toolSpec.inputSchema.json.type must be one of: object.')
    return [{ name: name as string, description: description as string | undefined, schema }]
  })
  if (!tools.length) refuse('toolConfig.tools: must have length greater than or equal to 1')
  if (toolChoice === undefined) return { tools, choice: undefined }
  const { auto, any, tool } = fieldsIn(toolChoice, 'toolChoice')
  if (tool !== undefined) {
    const named = textIn(fieldsIn(tool, 'toolChoice.tool').name, 'name')
    return tools.some(({ name }) => name === named) ? { tools, choice: { tool: named } } : refuse('toolChoice names no tool')
  }
  return { tools, choice: any !== undefined ? 'required' : auto !== undefined ? 'auto' : refuse('toolChoice: one of auto, any, tool') }
}

function turnsOf(messages: readonly Fields[]): Turn[] {
  if (!messages.length) refuse('messages: must not be empty')
  const turns: Turn[] = []
  let open: string[] = []
  for (const [at, { role, content, ...other }] of messages.entries()) {
    if (Object.keys(other).length) refuse('message: extra inputs are not permitted')
    if (role !== (at % 2 ? 'assistant' : 'user'))
      refuse('A conversation must alternate between user and assistant roles, and start with a user message.')
    const blocks = listIn(content, 'content').map((block) => fieldsIn(block, 'content block'))
    if (!blocks.length) refuse('The content field in the Message object is empty.')
    if (role === 'assistant') {
      const made = saidOf(blocks)
      open = made.calls.map(({ id }) => id!)
      turns.push(made)
      continue
    }
    const results = blocks.filter(({ toolResult }) => toolResult !== undefined)
    const given = results.map(({ toolResult }) => resultOf(fieldsIn(toolResult, 'toolResult')))
    const ids = given.map(({ result }) => result.id!)
    if (open.length !== ids.length || ids.some((id) => !open.includes(id)))
      refuse('Expected toolResult blocks for the toolUse blocks of the previous turn, and no others.')
    if (results.some((block, index) => blocks[index] !== block)) refuse('toolResult blocks must come first')
    open = []
    if (given.length) turns.push(turn('tool', { results: given.map(({ result }) => result), media: given.flatMap(({ media }) => media) }))
    const rest = blocks.filter(({ toolResult }) => toolResult === undefined)
    const asked = rest.length ? userOf(rest) : undefined
    if (asked) turns.push(asked)
  }
  if (open.length) refuse('toolUse blocks must be followed by their toolResult blocks')
  return turns
}

function saidOf(blocks: readonly Fields[]): Turn {
  const made = turn('assistant')
  for (const { text, reasoningContent, toolUse, citationsContent, cachePoint, ...other } of blocks) {
    if (Object.keys(other).length) refuse(`${Object.keys(other).join()} is not allowed in a turn of the assistant`)
    if (text !== undefined) made.text += textOf({ text }).join('')
    else if (citationsContent !== undefined)
      for (const piece of listIn(fieldsIn(citationsContent, 'citationsContent').content, 'content'))
        made.text += textIn((piece as Fields).text, 'text')
    else if (reasoningContent !== undefined) {
      const { reasoningText } = fieldsIn(reasoningContent, 'reasoningContent')
      const { text: thought, signature } = fieldsIn(reasoningText, 'reasoningText')
      made.thoughts.push({ text: textIn(thought, 'text'), proof: textIn(signature, 'signature') })
    } else if (toolUse !== undefined) {
      const { toolUseId, name, input } = fieldsIn(toolUse, 'toolUse')
      if (!/^[a-zA-Z0-9_-]{1,64}$/.test(textIn(toolUseId, 'toolUseId'))) refuse('toolUseId failed to satisfy constraint: [a-zA-Z0-9_-]+')
      made.calls.push({
        id: toolUseId as string,
        name: textIn(name, 'name'),
        input: fieldsIn(input, 'The format of the value at toolUse.input'),
      })
    } else if (cachePoint === undefined) refuse('an empty content block')
  }
  return made
}

function resultOf({ toolUseId, content, status, ...other }: Fields): { result: Turn['results'][number]; media: AskedMedia[] } {
  if (Object.keys(other).length) refuse('toolResult: extra inputs are not permitted')
  if (status !== undefined && status !== 'success' && status !== 'error') refuse('toolResult.status')
  const blocks = listIn(content, 'toolResult.content').map((block) => fieldsIn(block, 'block'))
  const text = blocks
    .map(({ json, text: words }) =>
      json === undefined ? (words === undefined ? '' : textIn(words, 'text')) : JSON.stringify(fieldsIn(json, 'json')),
    )
    .join('')
  return {
    result: { id: textIn(toolUseId, 'toolUseId'), text, ...(status === 'error' && { error: true }) },
    media: blocks.flatMap(mediaOf),
  }
}

function userOf(blocks: readonly Fields[]): Turn {
  const texts = blocks.flatMap((block) => (block.text === undefined ? [] : textOf(block)))
  const media = blocks.flatMap(mediaOf)
  if (blocks.some(({ document }) => document !== undefined) && !texts.length) refuse('A document must have text beside it.')
  return turn('user', { text: texts.join(''), media })
}

const mimes: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  csv: 'text/csv',
  md: 'text/markdown',
  html: 'text/html',
}

function mediaOf({ image, document, video, text, cachePoint, json }: Fields): AskedMedia[] {
  if (text !== undefined || cachePoint !== undefined || json !== undefined) return []
  const { format, source, name } = fieldsIn(image ?? document ?? video, 'a content block of a known kind')
  const { bytes, text: words, s3Location } = fieldsIn(source, 'source')
  if (image !== undefined && !/^(png|jpeg|gif|webp)$/.test(textIn(format, 'format'))) refuse('image.format: one of gif, jpeg, png, webp')
  if (document !== undefined && !/^[a-zA-Z0-9()[\]-]+( [a-zA-Z0-9()[\]-]+)*$/.test(textIn(name, 'document.name')))
    refuse('The document file name is not allowed.')
  const mime =
    image !== undefined
      ? `image/${String(format)}`
      : document !== undefined
        ? (mimes[String(format)] ?? `application/${String(format)}`)
        : `video/${String(format)}`
  if (s3Location !== undefined) return [{ mime, url: textIn(fieldsIn(s3Location, 's3Location').uri, 'uri') }]
  return [
    {
      mime,
      data: words === undefined ? base64In(textIn(bytes, 'bytes')) : btoa(textIn(words, 'text')),
      ...(name !== undefined && { name: name as string }),
    },
  ]
}

// --- what is answered

const words: Readonly<Record<Ending, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tools: 'tool_use',
  safety: 'guardrail_intervened',
  pause: 'end_turn',
  tomorrow: 'enlightened',
}

function usageOf({ usage }: Answer): Fields | undefined {
  if (usage === 'none') return undefined
  if (usage === 'null') return { inputTokens: null, outputTokens: null, totalTokens: null }
  const { input, output, cached, written } = usage
  return {
    inputTokens: input - (cached ?? 0) - (written ?? 0),
    outputTokens: output,
    totalTokens: input + output,
    ...(cached !== undefined && { cacheReadInputTokens: cached }),
    ...(written !== undefined && { cacheWriteInputTokens: written }),
  }
}

const citationOf = ({ url, title }: Cited): Fields => ({
  title,
  source: url,
  sourceContent: [{ text: 'It is' }],
  location: { web: { url } },
})
const callOf = ({ id, name }: Called, at: number): Fields => ({ ...(id !== null && { toolUseId: id ?? `tooluse_abcdefghijk${at}` }), name })

/** Blocks of the answer; a source belongs to the text before it. */
function blocksOf({ say }: Answer): Fields[] {
  const blocks: Fields[] = []
  for (const saying of say) {
    if ('text' in saying) blocks.push({ text: saying.text, sources: [] })
    else if ('reasoning' in saying) blocks.push({ thought: saying.reasoning, proof: saying.proof ?? 'c2lnbmVk' })
    else if ('source' in saying) (blocks.findLast(({ sources }) => sources)?.sources as Cited[] | undefined)?.push(saying.source)
    else if ('calls' in saying) blocks.push(...saying.calls.map((call, at) => ({ call, at, interleaved: saying.interleaved })))
  }
  return blocks
}

function events(answer: Answer): Frame[] {
  const frames: Frame[] = []
  const send = (event: string, data: Fields, last = false): void =>
    void frames.push({ event, data: { ...data, p: 'abcdef' }, ...(last && { last }) })
  const delta = (contentBlockIndex: number, value: Fields): void => send('contentBlockDelta', { contentBlockIndex, delta: value })
  send('messageStart', { role: 'assistant' })
  const blocks = blocksOf(answer)
  const later: { index: number; pieces: string[] }[] = []
  for (const [index, { text, sources, thought, proof, call, at, interleaved }] of blocks.entries()) {
    if (text !== undefined) {
      for (const piece of piecesOf(text as string)) delta(index, { text: piece })
      for (const source of sources as Cited[]) delta(index, { citation: citationOf(source) })
    } else if (thought !== undefined) {
      for (const piece of piecesOf(thought as string)) delta(index, { reasoningContent: { text: piece } })
      delta(index, { reasoningContent: { signature: proof } })
    } else {
      const { args } = call as Called
      send('contentBlockStart', { contentBlockIndex: index, start: { toolUse: callOf(call as Called, at as number) } })
      const pieces = [...textsOf(args)]
      if (interleaved) {
        later.push({ index, pieces })
        continue
      }
      for (const piece of pieces) delta(index, { toolUse: { input: piece } })
    }
    send('contentBlockStop', { contentBlockIndex: index })
  }
  for (let left = true, at = 0; left; at++) {
    left = false
    for (const { index, pieces } of later)
      if (pieces[at] !== undefined) {
        left = true
        delta(index, { toolUse: { input: pieces[at] } })
      }
  }
  for (const { index } of later) send('contentBlockStop', { contentBlockIndex: index })
  send('messageStop', { stopReason: words[answer.ending] }, true)
  send('metadata', { usage: usageOf(answer), metrics: { latencyMs: 1 } })
  return frames
}

function body(answer: Answer): Fields {
  const content = blocksOf(answer).map(({ text, sources, thought, proof, call, at }): Fields => {
    if (thought !== undefined) return { reasoningContent: { reasoningText: { text: wholeOf(thought as string), signature: proof } } }
    if (call !== undefined) return { toolUse: { ...callOf(call as Called, at as number), input: valueOf((call as Called).args) ?? {} } }
    const whole = { text: wholeOf(text as string) }
    return (sources as Cited[]).length ? { citationsContent: { content: [whole], citations: (sources as Cited[]).map(citationOf) } } : whole
  })
  return {
    output: { message: { role: 'assistant', content } },
    stopReason: words[answer.ending],
    usage: usageOf(answer),
    metrics: { latencyMs: 1 },
  }
}
