// Every provider of the kit, with the fake server of its vendor.
import { openaiChat } from '../../src/providers/openai-chat.ts'
import type { Subject } from '../../src/testing/conformance.ts'

export interface Row extends Subject {
  name: string
  /** `wire`: a client of its own; `preset`: data over a wire. */
  kind: 'wire' | 'preset'
  /** The model that is asked for. */
  id: string
}

const wire = (name: string, id: string, subject: Subject): Row => ({ name, kind: 'wire', id, ...subject })

export const subjects: readonly Row[] = [
  wire('openai-chat', 'gpt-5.4-mini', { wire: 'openai-chat', model: (to) => openaiChat('gpt-5.4-mini', to) }),
]
