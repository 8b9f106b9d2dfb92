import type { Usage } from '../message.ts'
import type { ModelFacts } from './facts.ts'
import { datasetNames } from './names.ts'

/** As much of `@pydantic/genai-prices` as is needed: `() => import('@pydantic/genai-prices')`. */
export interface PriceData {
  findProvider(options: { providerId: string }): PricedProvider | undefined
  calcPrice(
    usage: Record<string, number | undefined>,
    model: string,
    options: { providerId: string; timestamp?: Date },
  ): { total_price: number; model: PricedModel; model_price: PriceTable } | null
}

export interface PricedProvider {
  id: string
  models: readonly PricedModel[]
}

export interface PricedModel {
  id: string
  context_window?: number
  deprecated?: boolean
}

type PriceTable = Record<string, unknown>

/** The dataset's own page, named as the source of what comes from it. */
const source = 'https://github.com/pydantic/genai-prices'

/** USD of a usage; nothing where the dataset does not know the model, or where the usage contradicts itself. */
export function usdOf(data: PriceData, usage: Usage, provider: string, id: string, at: Date): number | undefined {
  const found = priced(data, provider, id, at, {
    input_tokens: usage.input,
    output_tokens: usage.output,
    cache_read_tokens: usage.cacheRead,
    cache_write_tokens: usage.cacheWrite,
    output_reasoning_tokens: usage.reasoning,
  })
  return found && Number.isFinite(found.total_price) ? found.total_price : undefined
}

/** What the dataset knows of one model. */
export function pricedFacts(data: PriceData, provider: string, id: string, at: Date): Omit<ModelFacts, 'provider' | 'id'> | undefined {
  const found = priced(data, provider, id, at, { input_tokens: 0, output_tokens: 0 })
  if (!found) return undefined
  const { model, model_price: table } = found
  const price = {
    input: cheapest(table.input_mtok),
    output: cheapest(table.output_mtok),
    cacheRead: cheapest(table.cache_read_mtok),
    cacheWrite: cheapest(table.cache_write_mtok),
  }
  return {
    ...(model.context_window !== undefined && { context: model.context_window }),
    ...(model.deprecated && { deprecated: true }),
    ...((price.input !== undefined || price.output !== undefined) && { price }),
    sources: [source],
  }
}

/** The models that the dataset lists, by the kit's provider names. */
export function* pricedModels(data: PriceData, providers: readonly string[]): Generator<{ provider: string; id: string }> {
  for (const provider of providers) for (const { id } of providerOf(data, provider)?.models ?? []) yield { provider, id }
}

function priced(
  data: PriceData,
  provider: string,
  id: string,
  timestamp: Date,
  usage: Record<string, number | undefined>,
): ReturnType<PriceData['calcPrice']> {
  const providerId = providerOf(data, provider)?.id
  if (providerId === undefined) return null
  try {
    return data.calcPrice(usage, id, { providerId, timestamp })
  } catch {
    // more tokens read from a cache than there were, or a price that needs a number that was not counted
    return null
  }
}

/** By its exact name: the dataset would also take a part of one. */
function providerOf(data: PriceData, provider: string): PricedProvider | undefined {
  const providerId = datasetNames[provider]?.prices
  const found = providerId === undefined ? undefined : data.findProvider({ providerId })
  return found?.id === providerId ? found : undefined
}

const cheapest = (price: unknown): number | undefined => {
  const base = typeof price === 'object' && price !== null && 'base' in price ? price.base : price
  return typeof base === 'number' ? base : undefined
}
