import type { Chunk } from '../../model.ts'

/** Says which settings of a call a provider was not told. `exchange` has it in its own words: there a function would cost 13 bytes of a bundle that is full. */
export const untold = (provider: string, dropped: readonly string[]): Chunk => ({
  type: 'notice',
  code: 'model/unsupported',
  message: `${provider} was not told: ${dropped.join(', ')}`,
  data: { dropped },
})
