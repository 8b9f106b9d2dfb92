import { describe, expect, test } from 'vitest'
import { agent, model, type ModelInfo, type RunOptions, stream } from '../src/index.ts'
import { scripted } from '../src/testing/index.ts'
import { catalog, type Catalog, modelsDev, type PriceData, retirementNotice } from '../src/catalog/index.ts'

const at = (date: string) => (): number => Date.parse(`${date}T12:00:00Z`)
const now = at('2026-11-24')
const info = (provider: string, id: string, capabilities?: ModelInfo['capabilities']): ModelInfo => ({ provider, id, capabilities })

describe('prices', () => {
  const models = catalog({ now })
  test('are those of the dataset that a package ships, loaded on this runtime', async () => {
    expect(await models.priceOf({ input: 1_000_000, output: 1_000_000 }, 'openai/gpt-4o')).toBeCloseTo(12.5)
    expect(await models.priceOf({ input: 1_000_000, output: 0 }, info('gemini', 'gemini-2.5-flash'))).toBeCloseTo(0.3)
  })
  test('count cached tokens at their own price, and a long question in its tier', async () => {
    const claude = 'anthropic/claude-sonnet-4-5'
    expect(await models.priceOf({ input: 100_000, output: 0 }, claude)).toBeCloseTo(0.3)
    expect(await models.priceOf({ input: 100_000, output: 0, cacheRead: 100_000 }, claude)).toBeCloseTo(0.03)
    expect(await models.priceOf({ input: 100_000, output: 0, cacheWrite: 100_000 }, claude)).toBeCloseTo(0.375)
    expect(await models.priceOf({ input: 300_000, output: 0 }, claude)).toBeCloseTo(1.8)
  })
  test('of what nobody knows are unknown, not zero: another provider, another model, a usage that contradicts itself', async () => {
    const usage = { input: 10, output: 10 }
    expect(await models.priceOf(usage, 'nobody/gpt-4o')).toBeUndefined()
    expect(await models.priceOf(usage, 'openai/no-such-model')).toBeUndefined()
    // a part of a name is a name to the dataset, not to us
    expect(await models.priceOf(usage, 'my-openai-proxy/gpt-4o')).toBeUndefined()
    expect(await models.priceOf({ input: 1, output: 1, cacheRead: 500 }, 'anthropic/claude-sonnet-4-5')).toBeUndefined()
  })
  test('of your own go before the dataset', async () => {
    const mine = catalog({ now, overrides: { 'openai/gpt-4o': { price: { input: 1, output: 2, cacheRead: 0.5 } } } })
    expect(await mine.priceOf({ input: 1_000_000, output: 1_000_000, cacheRead: 400_000 }, 'openai/gpt-4o')).toBeCloseTo(0.6 + 0.2 + 2)
    expect(await models.priceOf({ input: 1_000_000, output: 1_000_000, cacheRead: 400_000 }, 'openai/gpt-4o')).not.toBeCloseTo(2.8)
  })
  test('that cannot be loaded are said by a TypeError, and are tried again', async () => {
    let tries = 0
    const shaky = catalog({
      now,
      prices: () => {
        tries++
        return tries === 1 ? Promise.reject(new TypeError('not installed')) : Promise.resolve(flat)
      },
    })
    await expect(shaky.priceOf({ input: 1, output: 1 }, 'openai/x')).rejects.toThrow(TypeError)
    expect(await shaky.priceOf({ input: 1, output: 1 }, 'openai/x')).toBe(1)
    expect(tries).toBe(2)
  })
  test('are not loaded for what needs none', async () => {
    const models = catalog({ now, prices: () => Promise.reject(new Error('asked for')) })
    expect(await models.can('anthropic/claude-opus-5', 'pdf-input')).toBe(true)
    expect(await models.retiring('openai/gpt-5')).toBeDefined()
    await expect(models.facts('openai/gpt-5')).rejects.toThrow('asked for')
  })
})

const flat: PriceData = {
  findProvider: ({ providerId }) => ({ id: providerId, models: [{ id: 'x' }] }),
  calcPrice: (_, id) => ({
    total_price: 1,
    model: { id, context_window: 1000 },
    model_price: { input_mtok: 3, output_mtok: { base: 4, tiers: [] } },
  }),
}

describe('what a model can', () => {
  const models = catalog({ now, prices: false })
  test('is known by family, and unknown is neither yes nor no', async () => {
    expect(await models.can('gemini/gemini-2.5-flash', 'video-input')).toBe(true)
    expect(await models.can('openai/gpt-4o', 'video-input')).toBe(false)
    expect(await models.can('openai/gpt-4o', 'structured')).toBe(true)
    expect(await models.can('openai/gpt-audio', 'pdf-input')).toBeUndefined()
    expect(await models.can('nobody/nothing', 'tools')).toBeUndefined()
  })
  test("is never more than its provider's own file takes", async () => {
    const narrow = model(info('openai', 'gpt-4o', { input: ['text', 'image'] }), async function* () {})
    expect(await models.can(narrow, 'pdf-input')).toBe(false)
    expect(
      await models.can(
        model(info('openai', 'gpt-4o', { input: ['text', 'pdf'] }), async function* () {}),
        'pdf-input',
      ),
    ).toBe(true)
    expect(await models.can(info('mine', 'own', { tools: true }), 'tools')).toBe(true)
  })
  test('is what you say it is', async () => {
    const mine = catalog({ now, prices: false, overrides: { 'openai/gpt-4o': { input: ['text'] }, 'mine/own': { reasoning: true } } })
    expect(await mine.can('openai/gpt-4o', 'pdf-input')).toBe(false)
    expect(await mine.can('mine/own', 'reasoning')).toBe(true)
    expect(await models.can('openai/gpt-4o', 'pdf-input')).toBe(true)
  })
  test('is asked by provider/id; another form is a TypeError', async () => {
    for (const bad of ['gpt-4o', '/gpt-4o', 'openai/']) await expect(models.can(bad as 'a/b', 'tools')).rejects.toThrow(TypeError)
    expect((await models.facts('openrouter/anthropic/claude-opus-5'))?.id).toBeUndefined()
    const mine = catalog({ prices: false, overrides: { 'openrouter/anthropic/claude-opus-5': { tools: true } } })
    expect(await mine.facts('openrouter/anthropic/claude-opus-5')).toMatchObject({ provider: 'openrouter', id: 'anthropic/claude-opus-5' })
  })
})

describe('models are found', () => {
  const models = catalog({ now })
  test('by what they take, do and cost; the cheapest first', async () => {
    const found = await models.find({ input: ['pdf'], tools: true, maxPrice: { input: 1, output: 5 } })
    expect(found.length).toBeGreaterThan(3)
    for (const { input, tools, price } of found) {
      expect(input).toContain('pdf')
      expect(tools).toBe(true)
      expect(price!.input).toBeLessThanOrEqual(1)
      expect(price!.output).toBeLessThanOrEqual(5)
    }
    const prices = found.map(({ price }) => price!.input! + price!.output!)
    expect(prices).toEqual(prices.toSorted((a, b) => a - b))
    // the twin: a higher price finds more
    expect((await models.find({ input: ['pdf'], tools: true, maxPrice: { input: 100, output: 500 } })).length).toBeGreaterThan(found.length)
  })
  test('not where the asked thing is unknown', async () => {
    const priced = await models.find({ provider: 'cohere', limit: 1000, retired: true })
    expect(priced.some(({ input }) => input === undefined)).toBe(true)
    expect((await models.find({ provider: 'cohere', input: ['text'], limit: 1000 })).every(({ input }) => input?.includes('text'))).toBe(
      true,
    )
  })
  test('not after their end, unless asked for', async () => {
    const ids = async (when: string, retired = false): Promise<string[]> =>
      (await catalog({ now: at(when) }).find({ provider: 'openai', limit: 1000, retired })).map(({ id }) => id)
    expect(await ids('2026-12-10')).toContain('gpt-5')
    expect(await ids('2026-12-11')).not.toContain('gpt-5')
    expect(await ids('2026-12-11', true)).toContain('gpt-5')
  })
  test('by provider, context and number', async () => {
    const found = await models.find({ provider: ['gemini', 'anthropic'], context: 500_000, limit: 5 })
    expect(found).toHaveLength(5)
    for (const { provider, context } of found) {
      expect(['gemini', 'anthropic']).toContain(provider)
      expect(context).toBeGreaterThanOrEqual(500_000)
    }
  })
})

describe('the end of a model', () => {
  test('is told 30 days ahead, or as far as asked', async () => {
    const soon = catalog({ now: at('2026-11-24'), prices: false })
    expect(await soon.retiring('openai/gpt-5')).toMatchObject({ retires: '2026-12-11', days: 17, replacement: 'gpt-6.1-sol' })
    expect(await soon.retiring('openai/gpt-5', { within: 16 * 86_400_000 })).toBeUndefined()
    expect(await soon.retiring('openai/gpt-5.1')).toBeUndefined()
    expect(await soon.retiring('openai/gpt-5.1', { within: 200 * 86_400_000 })).toMatchObject({ retires: '2027-04-01' })
    expect(await soon.retiring('openai/o1')).toMatchObject({ retires: '2026-10-23', days: -32 })
    expect(await soon.retiring('nobody/nothing')).toBeUndefined()
  })
  test('that you or a dataset know counts too; no date is none', async () => {
    const mine = catalog({ now, prices: false, overrides: { 'mine/a': { retires: '2026-12-01' }, 'mine/b': { retires: 'soon' } } })
    expect(await mine.retiring('mine/a')).toMatchObject({ days: 7 })
    const today = catalog({ prices: false, now: () => Date.parse('2026-12-11T15:00:00Z') })
    expect((await today.retiring('openai/gpt-5'))?.days).toBe(0)
    expect(await mine.retiring('mine/b')).toBeUndefined()
  })
  const notices = async (models: Pick<Catalog, 'retiring'>, id: string, options: RunOptions = {}): Promise<unknown[]> => {
    const call = { type: 'call', id: '1', name: 'none', input: {} } as const
    const script = scripted([call], 'done')
    const ending = model({ id, provider: 'openai', capabilities: { tools: true } }, script)
    const found: unknown[] = []
    for await (const event of stream(agent({ name: 'a', model: ending, use: [retirementNotice(models)] }), 'hi', options)) {
      if (event.type === 'notice') found.push([event.code, event.message])
      if (event.type === 'finish') found.push(event.reason)
    }
    return found
  }
  test('is said once a run in a notice, and not of a model that stays', async () => {
    const models = catalog({ now, prices: false })
    expect(await notices(models, 'gpt-5')).toEqual([
      ['model/retiring', 'gpt-5 ends on 2026-12-11, in 17 days; its provider says to use gpt-6.1-sol'],
      'stop',
    ])
    expect(await notices(models, 'o3-pro')).toEqual([['model/retiring', 'o3-pro ends on 2026-12-11, in 17 days'], 'stop'])
    expect(await notices(models, 'gpt-6-luna')).toEqual(['stop'])
  })
  test.each(['first', 'resumed', 'recovered'] as const)('is said once in a %s run', async (attempt) => {
    const found = await notices(catalog({ now, prices: false }), 'gpt-5', { attempt, steps: attempt === 'first' ? 0 : 3 })
    expect(found).toHaveLength(2)
  })
  test('unknown to a broken catalog ends no run', async () => {
    expect(await notices({ retiring: () => Promise.reject(new Error('broken')) }, 'gpt-5')).toEqual(['stop'])
    expect(
      await notices(
        {
          retiring: () => {
            throw new Error('broken at once')
          },
        },
        'gpt-5',
      ),
    ).toEqual(['stop'])
  })
})

describe('the dataset of models.dev', () => {
  const document = {
    google: {
      id: 'google',
      models: {
        'gemini-9': {
          id: 'gemini-9',
          reasoning: true,
          tool_call: true,
          modalities: { input: ['text', 'pdf', 'smell'], output: ['text'] },
          limit: { context: 1_048_576, output: 65_536 },
          cost: { input: 0.5, output: 3, cache_read: 0.05 },
          status: 'deprecated',
        },
      },
    },
    someone: { models: { x: { limit: { context: 0 } } } },
  }
  test('gives capabilities, limits and prices by our names of the providers', async () => {
    const models = catalog({ now, data: modelsDev(document), prices: false })
    expect(await models.can('gemini/gemini-9', 'pdf-input')).toBe(true)
    expect(await models.can('gemini/gemini-9', 'structured')).toBeUndefined()
    expect(await models.facts('gemini/gemini-9')).toMatchObject({
      input: ['text', 'pdf'],
      context: 1_048_576,
      maxOutput: 65_536,
      price: { input: 0.5, output: 3, cacheRead: 0.05 },
      deprecated: true,
      sources: ['https://models.dev'],
    })
    expect(await models.priceOf({ input: 1_000_000, output: 0 }, 'gemini/gemini-9')).toBeCloseTo(0.5)
    expect((await models.find({ tools: true })).some(({ id }) => id === 'gemini-9')).toBe(false)
    expect((await models.find({ tools: true, retired: true })).some(({ id }) => id === 'gemini-9')).toBe(true)
    expect((await models.facts('someone/x'))!.context).toBeUndefined()
  })
  test('in any other form gives nothing, and never throws', () => {
    for (const odd of [undefined, null, 1, 'x', [], [{ models: 1 }], { a: null }, { a: { models: [1] } }, { a: { models: null } }])
      expect(modelsDev(odd)).toEqual([])
    expect(modelsDev({ a: { models: { b: null, c: { modalities: 'text', limit: 4, cost: [], tool_call: 'yes' } } } })).toEqual([
      { provider: 'a', id: 'b', sources: ['https://models.dev'] },
      { provider: 'a', id: 'c', price: {}, sources: ['https://models.dev'] },
    ])
  })
})
