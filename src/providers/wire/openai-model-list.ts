import type { Modality, ModelInfo } from '../../model.ts'
import type { ServiceOptions } from '../../services.ts'
import { countIn, defined, type Fields, fields, isObject, objects, textIn } from './fields.ts'
import { parse } from './http.ts'
import { askBytes, type Service, garbled } from './service.ts'

/** The models behind `/models`, with what the server tells of them in the words of OpenRouter, Together, Groq or vLLM. */
export async function modelsOf(service: Service, options?: ServiceOptions): Promise<ModelInfo[]> {
  // a list, or an object around one
  const body = parse(new TextDecoder().decode(await askBytes(service, { path: '/models', options }, 64 * 1024 * 1024)))
  const list = Array.isArray(body) ? body : fields(body).data
  if (!Array.isArray(list)) throw garbled(service.provider, 'a list of models that is none')
  return objects(list)
    .slice(0, 10_000)
    .flatMap((model) => modelIn(model, service.provider) ?? [])
}

/** One model; nothing where it has no id. */
export function modelIn(model: Fields, provider: string): ModelInfo | undefined {
  const id = textIn(model.id)
  if (id === undefined) return undefined
  const { architecture, supported_parameters: takes, top_provider } = model
  const said = fields(architecture)
  const [input, output] = [modalities(said.input_modalities), modalities(said.output_modalities)]
  const knows = Array.isArray(takes) ? (name: string): boolean => (takes as unknown[]).includes(name) : undefined
  const capabilities = defined({
    input,
    output,
    tools: knows?.('tools'),
    reasoning: knows?.('reasoning'),
    structured: knows?.('structured_outputs'),
  })
  const limits = defined({
    context: countIn(model.context_length) ?? countIn(model.context_window) ?? countIn(model.max_model_len),
    output: countIn(model.max_completion_tokens) ?? countIn(fields(top_provider).max_completion_tokens),
  })
  return {
    id,
    provider,
    ...(isObject(architecture) || knows ? { capabilities } : {}),
    ...(Object.keys(limits).length && { limits }),
  }
}

const names: Readonly<Record<string, Modality>> = { text: 'text', image: 'image', audio: 'audio', video: 'video', file: 'pdf' }

const modalities = (raw: unknown): Modality[] | undefined =>
  Array.isArray(raw) ? raw.flatMap((name) => (typeof name === 'string' && Object.hasOwn(names, name) ? [names[name]!] : [])) : undefined
