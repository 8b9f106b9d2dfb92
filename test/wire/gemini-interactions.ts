// Google's Interactions API as recorded: how a request is read as a neutral call, and what may differ.
import type { MediaPart, ModelCall, TextPart } from '../../src/index.ts'
import { interactions, interactionsOptions } from '../../src/providers/gemini-interactions.ts'
import type { Fields, Wire } from './checks.ts'

const name = 'gemini-interactions'
const list = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : [])

export const interactionsWire: Wire = {
  name,
  model({ request: { body } }, fetch) {
    const { model, agent, store } = body as { model?: string; agent?: string; store?: boolean }
    return interactions(agent ?? model ?? '', { apiKey: 'k', fetch, agent: agent !== undefined, store: store === true })
  },
  parse: ({ request: { body } }) => callOf(body!),
  options: Object.values(interactionsOptions).flat(),
  schema: () => 'gemini.interactions.request.json',
  skip: {},
  normalise: [
    { why: 'a text, or content alone, is what one user said', apply: asSteps },
    { why: 'whether the vendor keeps it and whether it streams is always said by us; unsaid they are no and no', apply: withDefaults },
  ],
}

function asSteps(body: Fields): void {
  if (typeof body.input === 'string') body.input = [{ type: 'user_input', content: [{ type: 'text', text: body.input }] }]
  else if (list(body.input).every(({ type }) => /^(text|image|audio|video|document)$/.test(String(type))))
    body.input = [{ type: 'user_input', content: body.input }]
}

function withDefaults(body: Fields): void {
  if (body.stream === false) delete body.stream
  if (body.store === false) delete body.store
}

function callOf(body: Fields): ModelCall {
  const copy = structuredClone(body)
  asSteps(copy)
  const config = (copy.generation_config ?? {}) as Fields
  const options: Fields = {}
  for (const field of interactionsOptions.body) if (copy[field] !== undefined) options[field] = copy[field]
  return {
    stream: copy.stream === true,
    messages: list(copy.input).map((step) => ({
      role: step.type === 'user_input' ? ('user' as const) : ('assistant' as const),
      parts: list(step.content).map((content): TextPart | MediaPart => {
        const { type, text, data, uri, mime_type: mime, ...own } = content as Record<string, string>
        const providerOptions = Object.keys(own).length ? { providerOptions: { [name]: own } } : {}
        if (type === 'text') return { type: 'text', text: text!, ...providerOptions }
        return {
          type: 'media',
          mime: mime!,
          ...(data === undefined ? { url: uri! } : { data }),
          ...providerOptions,
        }
      }),
    })),
    ...(typeof copy.system_instruction === 'string' && { system: copy.system_instruction }),
    ...(typeof config.temperature === 'number' && { temperature: config.temperature }),
    ...(typeof config.max_output_tokens === 'number' && { maxTokens: config.max_output_tokens }),
    ...(typeof config.thinking_level === 'string' && { reasoning: { effort: config.thinking_level as 'high' } }),
    ...(Object.keys(options).length && { providerOptions: { [name]: options } }),
  }
}
