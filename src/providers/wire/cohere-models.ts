/** What a model lacks of what is asked of one that is not known. */
export interface CohereTraits {
  /** It thinks: `thinking` may be sent. */
  reasoning?: boolean
  tools?: boolean
  images?: boolean
}

const text: CohereTraits = { reasoning: false, images: false }
const vision: CohereTraits = { reasoning: false, tools: false }

/** Cohere's chat models by the beginning of their ids, the first that fits counts; as of 2026-11. A model not named here is asked for anything. */
export const cohereModels: Readonly<Record<string, CohereTraits>> = {
  'command-r': text,
  'command-a-0': text,
  'command-a-translate': text,
  'command-a-reasoning': { images: false },
  'command-a-vision': vision,
  'c4ai-aya-vision': vision,
  'c4ai-aya-expanse': { ...text, tools: false },
}

/** What is known of a model. */
export const traitsOf = (id: string): CohereTraits => Object.entries(cohereModels).find(([start]) => id.startsWith(start))?.[1] ?? {}
