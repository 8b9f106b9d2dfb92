import type { Usage } from '../message.ts'
import type { Modality, Model, ModelInfo } from '../model.ts'
import type { Ability, ModelFacts, ModelQuery, Retirement } from './facts.ts'
import type { Ending, Family } from './known.ts'
import { datasetNames } from './names.ts'
import { type PriceData, pricedFacts, pricedModels, usdOf } from './prices.ts'

/** A model, its `info`, or `provider/id`. */
export type Named = Model | Pick<ModelInfo, 'id' | 'provider' | 'capabilities'> | `${string}/${string}`

export interface CatalogOptions {
  /** What you know better, by `provider/id`: each field goes before all else. */
  overrides?: Readonly<Record<string, Partial<ModelFacts>>>
  /** Another dataset, e.g. `modelsDev(…)`; goes before what the kit knows. */
  data?: readonly ModelFacts[]
  /** Prices; default `@pydantic/genai-prices`, loaded at the first question that needs it. `false`: none. */
  prices?: false | (() => Promise<PriceData>)
  /** Ms since 1970, for prices and retirements; default the clock. */
  now?: () => number
}

/** What is known of models. Every answer is loaded when it is first asked for; unknown is `undefined`, never a guess. */
export interface Catalog {
  /** The models for which all that is asked is known to be so, the cheapest first. */
  find(query?: ModelQuery): Promise<ModelFacts[]>
  /** All that is known of one model. */
  facts(model: Named): Promise<ModelFacts | undefined>
  /** Whether a model can do something. What a model's own `info` says it does not take is not taken. */
  can(model: Named, ability: Ability): Promise<boolean | undefined>
  /** USD of a usage, with cached tokens, tiers and hours as the provider counts them. */
  priceOf(usage: Usage, model: Named): Promise<number | undefined>
  /** The end of a model that comes within `within` ms (default 30 days), or has come. */
  retiring(model: Named, options?: { within?: number }): Promise<Retirement | undefined>
}

const day = 86_400_000

/**
 * What models can do, cost, and until when they are there. Prices need the package `@pydantic/genai-prices`: where it is not
 * installed, `priceOf`, `find` and `facts` throw a `TypeError` that says so, unless `prices` is `false`. Capabilities and
 * retirements are the kit's own short list (its date is `checked` in `known.ts`), widened by `data`.
 * @example
 * const models = catalog()
 * await models.find({ input: ['pdf'], tools: true, maxPrice: { input: 1, output: 5 } })
 * await models.can('anthropic/claude-opus-5', 'pdf-input')
 */
export function catalog(options: CatalogOptions = {}): Catalog {
  const { overrides = {}, data = [], prices = genaiPrices, now = Date.now } = options
  const told = new Map(data.map((facts) => [`${facts.provider}/${facts.id}`, facts]))
  let known: Promise<Known> | undefined
  let priced: Promise<PriceData> | undefined
  // a failed load is tried again by the next question
  const loadKnown = (): Promise<Known> => (known ??= import('./known.ts').catch(forget(() => (known = undefined))))
  const loadPrices = async (): Promise<PriceData | undefined> =>
    prices ? (priced ??= prices().catch(forget(() => (priced = undefined)))) : undefined

  /** From the most certain to the least: a field is taken from the first that has it. */
  const merged = (provider: string, id: string, { families, endings }: Known, cost: PriceData | undefined): ModelFacts | undefined => {
    const key = `${provider}/${id}`
    const family = families.find(({ providers, ids }) => providers.includes(provider) && ids.test(id))?.facts
    const ending = endings.find((ending) => ending.provider === provider && ending.ids.includes(id))
    const layers = [
      cost && pricedFacts(cost, provider, id, new Date(now())),
      family,
      ending && { retires: ending.retires, ...(ending.replacement && { replacement: ending.replacement }), sources: [ending.source] },
      told.get(key),
      overrides[key],
    ].filter((layer) => layer !== undefined)
    if (!layers.length) return undefined
    return Object.assign({}, ...layers, {
      provider,
      id,
      sources: [...new Set(layers.flatMap(({ sources = [] }) => sources))],
    }) as ModelFacts
  }

  return {
    async facts(model) {
      const { provider, id } = nameOf(model)
      return merged(provider, id, await loadKnown(), await loadPrices())
    },
    async can(model, ability) {
      const { provider, id, capabilities } = nameOf(model)
      const own = overrides[`${provider}/${id}`]
      const said = own && able(own, ability)
      if (said !== undefined) return said
      const declared = capabilities && able(capabilities, ability)
      if (declared === false) return false
      const facts = merged(provider, id, await loadKnown(), undefined)
      return (facts && able(facts, ability)) ?? declared
    },
    async priceOf(usage, model) {
      const { provider, id } = nameOf(model)
      const own = overrides[`${provider}/${id}`]?.price
      if (own) return flat(usage, own)
      const cost = await loadPrices()
      const exact = cost && usdOf(cost, usage, provider, id, new Date(now()))
      const price = told.get(`${provider}/${id}`)?.price
      return exact ?? (price && flat(usage, price))
    },
    async retiring(model, { within = 30 * day } = {}) {
      const { provider, id } = nameOf(model)
      const facts = merged(provider, id, await loadKnown(), undefined)
      const at = Date.parse(facts?.retires ?? '')
      if (!facts?.retires || Number.isNaN(at) || at - now() > within) return undefined
      const { retires, replacement, sources } = facts
      return { retires, days: Math.ceil((at - now()) / day) || 0, replacement, sources }
    },
    async find(query = {}) {
      const [known, cost] = [await loadKnown(), await loadPrices()]
      const wanted = query.provider === undefined ? undefined : [query.provider].flat()
      const keys = new Map<string, { provider: string; id: string }>()
      const add = (provider: string, id: string): void => void keys.set(`${provider}/${id}`, { provider, id })
      if (cost) for (const { provider, id } of pricedModels(cost, wanted ?? Object.keys(datasetNames))) add(provider, id)
      for (const { provider, ids } of known.endings) for (const id of ids) add(provider, id)
      for (const { provider, id } of data) add(provider, id)
      for (const key of Object.keys(overrides)) {
        const { provider, id } = nameOf(key as Named)
        add(provider, id)
      }
      const asksAbilities = !isAble(undefined, query)
      const found: ModelFacts[] = []
      for (const { provider, id } of keys.values()) {
        if (wanted && !wanted.includes(provider)) continue
        // the dataset of prices says nothing of abilities, and asking it is the dear part
        if (asksAbilities && !isAble(merged(provider, id, known, undefined), query)) continue
        const facts = merged(provider, id, known, cost)
        if (facts && isAble(facts, query) && fits(facts, query, now())) found.push(facts)
      }
      return found.sort(byPrice).slice(0, query.limit ?? 100)
    },
  }
}

interface Known {
  families: readonly Family[]
  endings: readonly Ending[]
}

async function genaiPrices(): Promise<PriceData> {
  try {
    return await import('@pydantic/genai-prices')
  } catch (cause) {
    throw new TypeError('prices need the package @pydantic/genai-prices: install it, or give catalog({ prices })', { cause })
  }
}

const forget =
  (clear: () => void) =>
  (error: unknown): never => {
    clear()
    throw error
  }

/** An id may hold slashes itself: `openrouter/anthropic/claude-opus-5`. */
function nameOf(model: Named): Pick<ModelInfo, 'id' | 'provider' | 'capabilities'> {
  if (typeof model === 'function') return model.info
  if (typeof model !== 'string') return model
  const at = model.indexOf('/')
  if (at < 1 || at === model.length - 1) throw new TypeError(`a model is named provider/id: ${model}`)
  return { provider: model.slice(0, at), id: model.slice(at + 1) }
}

function able(facts: Partial<ModelFacts>, ability: Ability): boolean | undefined {
  if (ability === 'tools' || ability === 'reasoning' || ability === 'structured') return facts[ability]
  const at = ability.lastIndexOf('-')
  return facts[ability.slice(at + 1) as 'input' | 'output']?.includes(ability.slice(0, at) as Modality)
}

const isAble = (facts: ModelFacts | undefined, query: ModelQuery): boolean =>
  (query.input ?? []).every((kind) => facts?.input?.includes(kind)) &&
  (query.output ?? []).every((kind) => facts?.output?.includes(kind)) &&
  (['tools', 'reasoning', 'structured'] as const).every((name) => query[name] === undefined || facts?.[name] === query[name])

function fits(facts: ModelFacts, { context, maxOutput, maxPrice, retired = false }: ModelQuery, now: number): boolean {
  const gone = facts.deprecated || (facts.retires !== undefined && Date.parse(facts.retires) <= now)
  return (
    (retired || !gone) &&
    (context === undefined || (facts.context ?? 0) >= context) &&
    (maxOutput === undefined || (facts.maxOutput ?? 0) >= maxOutput) &&
    (['input', 'output'] as const).every((name) => maxPrice?.[name] === undefined || (facts.price?.[name] ?? Infinity) <= maxPrice[name])
  )
}

const byPrice = (a: ModelFacts, b: ModelFacts): number => {
  const [x, y] = [a, b].map(({ price }) => (price?.input ?? Infinity) + (price?.output ?? 0)) as [number, number]
  return x === y ? (`${a.provider}/${a.id}` < `${b.provider}/${b.id}` ? -1 : 1) : x < y ? -1 : 1
}

/** USD at one price per token: all that an override or a plain dataset says. Cached tokens without a price cost as others. */
function flat({ input, output, cacheRead = 0, cacheWrite = 0 }: Usage, price: NonNullable<ModelFacts['price']>): number | undefined {
  if (price.input === undefined || price.output === undefined) return undefined
  const plain = Math.max(0, input - cacheRead - cacheWrite)
  const { input: each, output: said, cacheRead: read = each, cacheWrite: written = each } = price
  return (plain * each + cacheRead * read + cacheWrite * written + output * said) / 1_000_000
}
