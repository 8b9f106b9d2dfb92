import type { ReasoningSettings } from '../../model.ts'

export type Effort = NonNullable<ReasoningSettings['effort']>

/** What a model takes and what it refuses. */
export interface ModelTraits {
  /** It thinks: reasoning settings and encrypted reasoning may be asked for. */
  reasoning?: boolean
  /** Whether it takes `temperature` and `top_p`: always, never, or only where no effort is asked for. */
  sampling?: 'always' | 'never' | 'without effort'
  /** The efforts it knows; absent: whatever is asked for is sent. */
  efforts?: readonly Effort[]
}

const plain: ModelTraits = { reasoning: false, sampling: 'always' }
const early: ModelTraits = { reasoning: true, sampling: 'never', efforts: ['low', 'medium', 'high'] }

/** OpenAI's models by the beginning of their ids, the longest that fits counts; as of 2026-11. A model not named here is asked for anything. */
export const openaiModels: Readonly<Record<string, ModelTraits>> = {
  'gpt-3.5': plain,
  'gpt-4': plain,
  'chatgpt-4o': plain,
  'gpt-5-chat': plain,
  o1: early,
  o3: early,
  o4: early,
  'gpt-5': { reasoning: true, sampling: 'never', efforts: ['minimal', 'low', 'medium', 'high'] },
  'gpt-5-codex': early,
  'gpt-5-pro': { reasoning: true, sampling: 'never', efforts: ['high'] },
  'gpt-5.': { reasoning: true, sampling: 'without effort' },
  'gpt-5.1': { reasoning: true, sampling: 'without effort', efforts: ['none', 'low', 'medium', 'high'] },
  'gpt-5.1-codex-max': { reasoning: true, sampling: 'without effort', efforts: ['none', 'low', 'medium', 'high', 'xhigh'] },
}

/** What is known of a model; a fine-tuned one (`ft:…`) takes what its base takes. */
export function traitsOf(id: string, table: Readonly<Record<string, ModelTraits>> = openaiModels): ModelTraits {
  const base = id.replace(/^ft:/, '')
  let found = ''
  for (const start of Object.keys(table)) if (base.startsWith(start) && start.length > found.length) found = start
  return table[found] ?? {}
}

const scale: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/** The effort itself, or the nearest that the model knows; of two as near the greater. */
export function effortFor(asked: Effort, { efforts }: ModelTraits): Effort {
  if (!efforts?.length || efforts.includes(asked)) return asked
  const far = (effort: Effort): number => Math.abs(scale.indexOf(effort) - scale.indexOf(asked))
  return efforts.reduce((best, effort) => (far(effort) <= far(best) ? effort : best))
}
