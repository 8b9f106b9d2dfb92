import type { ReasoningSettings } from '../../model.ts'
import type { Fields } from './fields.ts'

/** The name of this wire: in `Replay.wire`, and the key of its `providerOptions`. */
export const wire = 'bedrock'

/** What a model behind Converse takes beside what all take. */
export interface BedrockTraits {
  /** Fields of `additionalModelRequestFields` for an effort of thinking; absent: the model is not told. */
  effort?: (effort: NonNullable<ReasoningSettings['effort']>) => Fields | undefined
  /** Fields of `additionalModelRequestFields` for `top_k`; absent: the model has none. */
  topK?: (topK: number) => Fields
  /** Takes a JSON Schema for its answer (`outputConfig`). */
  structured: boolean
  /** Takes a choice of tools. */
  choice: boolean
}

const graded = (effort: string): 'low' | 'medium' | 'high' =>
  effort === 'minimal' || effort === 'low' ? 'low' : effort === 'medium' ? 'medium' : 'high'

const other: BedrockTraits = { structured: true, choice: true }
/**
 * Models by what their id holds, the more special first; Claude's own traits are those of its API. As of 2026-11-24: the pages of AWS's user
 * guide on supported features of Converse, on structured output and on the models' own parameters.
 */
const models: readonly (readonly [part: string, traits: BedrockTraits])[] = [
  [
    'amazon.nova-2',
    {
      effort: (effort) => ({
        reasoningConfig: effort === 'none' ? { type: 'disabled' } : { type: 'enabled', maxReasoningEffort: graded(effort) },
      }),
      topK: (topK) => ({ inferenceConfig: { topK } }),
      structured: false,
      choice: true,
    },
  ],
  ['amazon.nova', { topK: (topK) => ({ inferenceConfig: { topK } }), structured: false, choice: true }],
  ['amazon.titan', { structured: false, choice: false }],
  ['meta.llama', { structured: false, choice: false }],
  ['cohere.command', { topK: (topK) => ({ k: topK }), structured: false, choice: false }],
  [
    'openai.gpt-oss',
    { effort: (effort) => (effort === 'none' ? undefined : { reasoning_effort: graded(effort) }), structured: true, choice: true },
  ],
]

export const traitsOf = (id: string): BedrockTraits => models.find(([part]) => id.includes(part))?.[1] ?? other

/** Formats of media, as Converse names them. */
const formats = {
  image: ['png', 'jpeg', 'gif', 'webp'],
  document: ['pdf', 'csv', 'doc', 'docx', 'xls', 'xlsx', 'html', 'txt', 'md'],
  video: ['mp4', 'mov', 'mkv', 'webm', 'flv', 'mpeg', 'wmv', 'three_gp'],
} as const

/** Types whose second half is not the name of their format. */
const named: Readonly<Record<string, string>> = {
  jpg: 'jpeg',
  plain: 'txt',
  markdown: 'md',
  msword: 'doc',
  'vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'vnd.ms-excel': 'xls',
  'vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  quicktime: 'mov',
  'x-matroska': 'mkv',
  'x-flv': 'flv',
  'x-ms-wmv': 'wmv',
  '3gpp': 'three_gp',
}

/** The kind of block that a type of media goes in, and its format; nothing where there is none. */
export function formatOf(mime: string): { kind: keyof typeof formats; format: string } | undefined {
  const [top, sub = ''] = mime.split('/')
  const kind = top === 'image' || top === 'video' ? top : 'document'
  const format = named[sub] ?? sub
  return (formats[kind] as readonly string[]).includes(format) ? { kind, format } : undefined
}
