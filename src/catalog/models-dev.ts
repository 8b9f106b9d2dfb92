import type { Modality } from '../model.ts'
import type { ModelFacts } from './facts.ts'
import { datasetNames } from './names.ts'

/**
 * Reads the public dataset of models.dev (MIT), as `https://models.dev/api.json` has it, for `catalog({ data })`: the fuller
 * set of capabilities, kept by many people and fetched by who wants it. What is no such document, and what in it is not of the
 * form known, is left out. Providers without a name of the kit's keep their own. At most 50,000 models.
 * @example const models = catalog({ data: modelsDev(await (await fetch('https://models.dev/api.json')).json()) })
 */
export function modelsDev(document: unknown): ModelFacts[] {
  const facts: ModelFacts[] = []
  for (const [name, provider] of entries(document))
    for (const [id, model] of entries(fields(provider).models)) {
      if (facts.length === 50_000) return facts
      const { modalities, limit, cost, tool_call: tools, reasoning, structured_output: structured, status } = fields(model)
      const { input, output } = fields(modalities)
      const price = fields(cost)
      facts.push({
        provider: ours.get(name) ?? name,
        id,
        ...defined({
          input: known(input),
          output: known(output),
          tools: truth(tools),
          reasoning: truth(reasoning),
          structured: truth(structured),
          context: amount(fields(limit).context),
          maxOutput: amount(fields(limit).output),
          price: cost
            ? defined({
                input: amount(price.input, 0),
                output: amount(price.output, 0),
                cacheRead: amount(price.cache_read, 0),
                cacheWrite: amount(price.cache_write, 0),
              })
            : undefined,
          deprecated: status === 'deprecated' ? true : undefined,
        }),
        sources: ['https://models.dev'],
      })
    }
  return facts
}

const ours: ReadonlyMap<string, string> = new Map(
  Object.entries(datasetNames).flatMap(([name, { modelsDev }]) => (modelsDev === undefined ? [] : [[modelsDev, name] as const])),
)

const modalities: readonly unknown[] = ['text', 'image', 'audio', 'video', 'pdf'] satisfies Modality[]

const known = (list: unknown): Modality[] | undefined =>
  Array.isArray(list) ? list.filter((item): item is Modality => modalities.includes(item)) : undefined
const truth = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined)
/** The dataset writes 0 for a limit that it does not know. */
const amount = (value: unknown, least = 1): number | undefined => (typeof value === 'number' && value >= least ? value : undefined)
const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
const entries = (value: unknown): [string, unknown][] => (Array.isArray(value) ? [] : Object.entries(fields(value)))
const defined = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T
