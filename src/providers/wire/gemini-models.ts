import type { ModelInfo } from '../../model.ts'

/** What a family of Gemini models takes; all else about a model is asked of the provider. */
export interface GeminiFamily {
  /** Of the last piece of a model's name. */
  match: RegExp
  /** How it is told to think: by level (Gemini 3), by a budget of tokens (2.5), or not at all. */
  levels?: readonly ('MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH')[]
  budget?: { min: number; max: number; off: boolean }
  /** Gemini 3: the first call of a turn must be signed, media may be in a tool's result, JSON and provider-run tools may go with functions. */
  third?: boolean
  capabilities: NonNullable<ModelInfo['capabilities']>
  limits?: NonNullable<ModelInfo['limits']>
}

const input = ['text', 'image', 'audio', 'video', 'pdf'] as const
const chat = { input, output: ['text'], tools: true, structured: true, reasoning: true } as const
const million = { context: 1_048_576, output: 65_536 }
const third = { third: true, capabilities: chat, limits: million } as const

/**
 * As of 2026-11-24, from the vendor's pages on thinking, thought signatures, structured output and models. The first that
 * matches counts; a name that is not known is taken for the newest kind. `options.family` of a model replaces it.
 */
export const geminiFamilies: readonly GeminiFamily[] = [
  { match: /tts/, capabilities: { input: ['text'], output: ['audio'] }, limits: { context: 8_192, output: 16_384 } },
  {
    match: /^gemini-[12].*image/,
    capabilities: { input: ['text', 'image'], output: ['text', 'image'] },
    limits: { context: 65_536, output: 32_768 },
  },
  {
    match: /image/,
    third: true,
    capabilities: { input: ['text', 'image', 'pdf'], output: ['text', 'image'], structured: true },
    limits: { context: 65_536, output: 32_768 },
  },
  { match: /^gemini-2\.5-pro/, budget: { min: 128, max: 32_768, off: false }, capabilities: chat, limits: million },
  { match: /^gemini-2\.5-flash-lite/, budget: { min: 512, max: 24_576, off: true }, capabilities: chat, limits: million },
  { match: /^gemini-2\.5/, budget: { min: 1, max: 24_576, off: true }, capabilities: chat, limits: million },
  { match: /^gemini-[12]\./, capabilities: { ...chat, reasoning: false }, limits: { context: 1_048_576, output: 8_192 } },
  { match: /^gemma|^learnlm/, capabilities: { ...chat, input: ['text', 'image'], reasoning: false } },
  { match: /^gemini-3-pro/, levels: ['LOW', 'HIGH'], ...third },
  { match: /-pro\b/, levels: ['LOW', 'MEDIUM', 'HIGH'], ...third },
  { match: /./, levels: ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'], ...third },
]

/** The family of a model by its name, which may be a path (`models/…`, `projects/…/models/…`). */
export function familyOf(id: string): GeminiFamily {
  const name = id.slice(id.lastIndexOf('/') + 1)
  return geminiFamilies.find(({ match }) => match.test(name)) ?? geminiFamilies.at(-1)!
}
