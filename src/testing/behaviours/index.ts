import type { Behaviour } from './behaviour.ts'
import { text } from './text.ts'

/** All that a provider must do. */
export const behaviours: readonly Behaviour[] = [...text]
