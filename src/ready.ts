const ready: unique symbol = Symbol('ready')

type Ready<T> = { [ready]?: T[] }

/**
 * An async generator that lets those who know take what it holds: `body` queues what came together before it yields the
 * first, and yields what is left of the queue when it goes on. What costs promises is then the read that brought the
 * items, not each item; a stranger who only calls `next()` gets the same items, in the same order.
 */
export const withReady = <T>(body: (queue: T[]) => AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> => {
  const queue: T[] = []
  return Object.assign(body(queue), { [ready]: queue })
}

/** Takes what came together with the last item; nothing from a generator of somebody else. */
export const takeReady = <T>(items: (AsyncIterable<T> | AsyncIterator<T>) & Ready<T>): T[] => items[ready]?.splice(0) ?? []
