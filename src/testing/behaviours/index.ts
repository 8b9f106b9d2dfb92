import { abort } from './abort.ts'
import type { Behaviour } from './behaviour.ts'
import { conversation } from './conversation.ts'
import { ending } from './ending.ts'
import { errors } from './errors.ts'
import { media } from './media.ts'
import { output } from './output.ts'
import { reasoning } from './reasoning.ts'
import { broken, stream } from './stream.ts'
import { text } from './text.ts'
import { toolBehaviours } from './tools.ts'

/** All that a provider must do. */
export const behaviours: readonly Behaviour[] = [
  ...text,
  ...conversation,
  ...toolBehaviours,
  ...output,
  ...media,
  ...reasoning,
  ...ending,
  ...stream,
  ...broken,
  ...abort,
  ...errors,
]
