import type { Modality } from '../model.ts'

/** What is known of a model; a field that nobody told is absent: absent means unknown, never no. */
export interface ModelFacts {
  /** The kit's name of the provider, e.g. `gemini`. */
  provider: string
  /** The provider's name of the model. */
  id: string
  input?: readonly Modality[]
  output?: readonly Modality[]
  tools?: boolean
  reasoning?: boolean
  structured?: boolean
  /** Tokens. */
  context?: number
  /** Tokens. */
  maxOutput?: number
  /** USD per million tokens, in the cheapest tier; `priceOf` knows tiers, caches and hours. */
  price?: { input?: number; output?: number; cacheRead?: number; cacheWrite?: number }
  deprecated?: boolean
  /** `YYYY-MM-DD`: the day from which the provider answers no more. Days count in UTC. */
  retires?: string
  /** What the provider says to use then. */
  replacement?: string
  /** Where this was read. */
  sources?: readonly string[]
}

/** One thing that a model can do or not. */
export type Ability = `${Modality}-input` | `${Modality}-output` | 'tools' | 'reasoning' | 'structured'

/** What to look for. A model of which the asked thing is unknown is not found. */
export interface ModelQuery {
  provider?: string | readonly string[]
  /** All of these. */
  input?: readonly Modality[]
  /** All of these. */
  output?: readonly Modality[]
  tools?: boolean
  reasoning?: boolean
  structured?: boolean
  /** Tokens at least. */
  context?: number
  /** Tokens at least. */
  maxOutput?: number
  /** USD per million tokens at most. */
  maxPrice?: { input?: number; output?: number }
  /** Models that are gone, or marked as deprecated, too; default false. */
  retired?: boolean
  /** Default 100. */
  limit?: number
}

/** The end of a model. */
export interface Retirement {
  /** `YYYY-MM-DD`. */
  retires: string
  /** Whole days from now; 0 is today, less is past. */
  days: number
  replacement?: string
  sources?: readonly string[]
}
