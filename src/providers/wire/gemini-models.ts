import type { Modality, ModelInfo } from '../../model.ts'

/** The levels of thought, from the least. */
export const levels = ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'] as const

/** What a family of Gemini models takes, as far as requests differ by it. */
export interface GeminiFamily {
  /** Of the last piece of a model's name. */
  match: RegExp
  /** How it is told to think: by level (Gemini 3), by tokens (2.5; `off` says that 0 is taken), or not at all. */
  levels?: readonly (typeof levels)[number][]
  budget?: { min: number; max: number; off: boolean }
  /** Gemini 3 and later: the first call of a turn must be signed; JSON and hosted tools go with functions, media into results. */
  third?: boolean
  /** From Gemini 3.5 Flash-Lite on, presence and frequency penalties are an error. */
  penalties?: false
  /** Where it is not text: such models take no functions. */
  output?: readonly Modality[]
}

/**
 * As of 2026-11-24, from the vendor's pages on thinking, thought signatures, structured output and models. The first that
 * matches counts; a name that is not known is taken for the newest kind. A model's option `family` replaces it.
 */
export const geminiFamilies: readonly GeminiFamily[] = [
  { match: /tts/, output: ['audio'] },
  { match: /^gemini-[12].*image/, output: ['text', 'image'] },
  { match: /image/, output: ['text', 'image'], third: true },
  { match: /^gemini-2\.5-pro/, budget: { min: 128, max: 32_768, off: false } },
  { match: /^gemini-2\.5-flash-lite/, budget: { min: 512, max: 24_576, off: true } },
  { match: /^gemini-2\.5/, budget: { min: 1, max: 24_576, off: true } },
  { match: /^gemini-[12]\.|^gemma|^learnlm/ },
  { match: /^gemini-3-pro/, levels: ['LOW', 'HIGH'], third: true },
  { match: /^gemini-3\.1-pro/, levels: ['LOW', 'MEDIUM', 'HIGH'], third: true },
  { match: /^gemini-3(\.1)?-/, levels, third: true },
  { match: /-pro\b/, levels: ['LOW', 'MEDIUM', 'HIGH'], third: true, penalties: false },
  { match: /^/, levels, third: true, penalties: false },
]

/** The family of a model by its name, which may be a path (`models/…`, `projects/…/models/…`). */
export const familyOf = (id: string): GeminiFamily => geminiFamilies.find(({ match }) => match.test(id.slice(id.lastIndexOf('/') + 1)))!

/** What a model of a family can do. */
export const capabilitiesOf = ({ output, levels, budget }: GeminiFamily): NonNullable<ModelInfo['capabilities']> => ({
  input: ['text', 'image', 'audio', 'video', 'pdf'],
  output: output ?? ['text'],
  tools: !output,
  structured: !output,
  reasoning: Boolean(levels ?? budget),
})
