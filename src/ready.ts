const ready: unique symbol = Symbol('ready')

type Ready<T> = { [ready]?: T[] }

/**
 * An async generator that lets those who know take what it holds: `body` queues what came together before it yields the
 * first, and yields what is left of the queue when it goes on. What costs promises is then the read that brought the
 * items, not each item; a stranger who only calls `next()` gets the same items, in the same order. `body` calls a generator
 * function that is made once: one made anew for every call costs a prototype each time.
 */
export const withReady = <T>(body: (queue: T[]) => AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> => {
  const queue: T[] = []
  return Object.assign(body(queue), { [ready]: queue })
}

/** Takes what came together with the last item; nothing from a generator of somebody else. */
export const takeReady = <T>(items: (AsyncIterable<T> | AsyncIterator<T>) & Ready<T>): readonly T[] =>
  items[ready]?.length ? items[ready].splice(0) : none

const none: readonly never[] = []

/** Puts out what becomes of an item; `true` ends. */
type Step<T, U> = (item: T, out: U[]) => boolean | void

/** Passes items on as `step` puts them out, together what came together. */
export const through = <T, U>(items: AsyncIterable<T>, step: Step<T, U>): AsyncGenerator<U, void, void> =>
  withReady((queue) => passing(queue, items, step))

async function* passing<T, U>(queue: U[], items: AsyncIterable<T>, step: Step<T, U>): AsyncGenerator<U, void, void> {
  for await (const item of items) {
    const ended = [item, ...takeReady(items)].some((each) => step(each, queue))
    while (queue.length) yield queue.shift()!
    if (ended) return
  }
}
