import type { ReasoningSettings } from '../../model.ts'

/** The name of this wire: in `Replay.wire`, and the key of its `providerOptions`. */
export const wire = 'anthropic-messages'

type Effort = Exclude<NonNullable<ReasoningSettings['effort']>, 'none' | 'minimal'>

/** What a model of this wire takes. A neutral call is never told what its model refuses. */
export interface ClaudeTraits {
  /** Tokens of the context window, and the most that an answer may have: `max_tokens` where the call names none. */
  context: number
  output: number
  /**
   * How it is made to think: `budget` takes `enabled` with a number of tokens, `adaptive` measures for itself, `both` takes either,
   * `always` is adaptive and cannot be switched off.
   */
  thinking: 'none' | 'budget' | 'both' | 'adaptive' | 'always'
  /** The levels of `output_config.effort`, weakest first. */
  efforts: readonly Effort[]
  /** `one`: temperature or top_p, not both; `none`: only the default values. */
  sampling: 'all' | 'one' | 'none'
  /** Whether a tool can be forced on it while it thinks adaptively. */
  forced: boolean
  /** Whether a system message may stand between the others. */
  system: boolean
  /** Whether thinking without a signature is refused. */
  signed: boolean
}

const graded = ['low', 'medium', 'high'] as const
const newest: ClaudeTraits = {
  context: 1_000_000,
  output: 128_000,
  thinking: 'adaptive',
  efforts: [...graded, 'xhigh', 'max'],
  sampling: 'none',
  forced: true,
  system: true,
  signed: true,
}
const ruled: ClaudeTraits = { ...newest, thinking: 'always', forced: false }
const v46: ClaudeTraits = { ...newest, thinking: 'both', efforts: [...graded, 'max'], sampling: 'one', system: false }
const v45: ClaudeTraits = { ...v46, context: 200_000, output: 64_000, thinking: 'budget', efforts: [] }
const v4: ClaudeTraits = { ...v45, sampling: 'all' }
const v3: ClaudeTraits = { ...v4, thinking: 'none', output: 4096 }

/**
 * Models by the beginning of their names, the more special first. As of 2026-11-20: the vendor's models overview, thinking, effort
 * and API migration pages, and the types of its SDK 1.12. Vendors' prefixes (`us.anthropic.`) are cut off before.
 */
const models: readonly (readonly [prefix: string, traits: ClaudeTraits])[] = [
  ['claude-3-7', v4],
  ['claude-3', v3],
  ['claude-2', v3],
  ['claude-instant', v3],
  ['claude-opus-4-1', { ...v45, output: 32_000 }],
  ['claude-opus-4-5', { ...v45, efforts: graded }],
  ['claude-sonnet-4-5', v45],
  ['claude-haiku-4-5', v45],
  ['claude-opus-4-6', v46],
  ['claude-sonnet-4-6', v46],
  ['claude-opus-4-7', { ...newest, system: false }],
  ['claude-opus-4-8', newest],
  ['claude-opus-4', { ...v4, output: 32_000 }],
  ['claude-sonnet-4', v4],
  ['claude-opus-5-5', ruled],
  ['claude-sonnet-5-5', { ...newest, forced: false }],
  ['claude-sonnet-5', { ...newest, system: false }],
  ['claude-fable-5-', ruled],
  ['claude-mythos-5-', ruled],
  ['claude-fable', { ...newest, thinking: 'always' }],
  ['claude-mythos', { ...newest, thinking: 'always' }],
  ['claude-', newest],
]

/** A model of another maker behind this wire (Ollama, LocalAI, DeepSeek): it is told what the caller says. */
const other: ClaudeTraits = { ...newest, context: 128_000, output: 8192, thinking: 'both', sampling: 'all', system: false, signed: false }

/** Tokens to think, where a model knows no effort; weakest first. */
export const budgets: Readonly<Record<NonNullable<ReasoningSettings['effort']>, number>> = {
  none: 0,
  minimal: 1024,
  low: 4096,
  medium: 10_000,
  high: 24_000,
  xhigh: 32_000,
  max: 48_000,
}

/** What is known of a model by its name. */
export function traitsOf(id: string): ClaudeTraits {
  const name = id.slice(Math.max(0, id.indexOf('claude-')))
  return models.find(([prefix]) => name.startsWith(prefix))?.[1] ?? other
}

/** The strongest level that a model knows and that is not above the one asked for; its weakest where there is none. */
export function effortOf(asked: keyof typeof budgets, { efforts }: ClaudeTraits): Effort | undefined {
  return efforts.findLast((level) => budgets[level] <= budgets[asked]) ?? efforts[0]
}
