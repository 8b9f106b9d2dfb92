import type { Middleware } from '../middleware.ts'
import type { Catalog } from './catalog.ts'

/**
 * Says in a `notice` (`model/retiring`) at the first model call of a run that the agent's model ends soon, or has ended. It only
 * looks on: where the catalog fails, the run goes on without it. Behind a router it is told of the router.
 * @example agent({ …, use: [retirementNotice(catalog())] })
 */
export function retirementNotice(models: Pick<Catalog, 'retiring'>, options: { within?: number } = {}): Middleware {
  return {
    name: 'retirement-notice',
    async *model(call, next, run) {
      if (call.run === undefined || call.run.step === run.steps + 1) {
        const found = await quietly(() => models.retiring(next, options))
        if (found) {
          const { id } = next.info
          const when = found.days > 0 ? `ends on ${found.retires}, in ${found.days} days` : `ended on ${found.retires}`
          const instead = found.replacement === undefined ? '' : `; its provider says to use ${found.replacement}`
          yield { type: 'notice', code: 'model/retiring', message: `${id} ${when}${instead}`, data: { model: id, ...found } }
        }
      }
      yield* next(call)
    },
  }
}

async function quietly<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch {
    return undefined
  }
}
