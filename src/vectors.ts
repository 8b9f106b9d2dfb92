/** One embedded thing. */
export interface Vector {
  id: string
  values: readonly number[]
  metadata?: Readonly<Record<string, string | number | boolean>>
}

export interface Match {
  id: string
  /** Cosine similarity, -1 to 1. */
  score: number
  metadata?: Vector['metadata']
}

/** Vectors by namespace; one namespace never sees another's. */
export interface Vectors {
  upsert(namespace: string, vectors: readonly Vector[]): Promise<void>
  /** The `limit` (default 10) nearest, best first, whose metadata equals every field of `filter`. */
  query(namespace: string, values: readonly number[], options?: { limit?: number; filter?: Vector['metadata'] }): Promise<Match[]>
  delete(namespace: string, ids?: readonly string[]): Promise<void>
}

/** Vectors in memory, by exhaustive search. */
export function memoryVectors(): Vectors {
  const spaces = new Map<string, Map<string, Vector>>()
  return {
    async upsert(namespace, vectors) {
      const space = spaces.get(namespace) ?? new Map<string, Vector>()
      for (const vector of vectors) space.set(vector.id, structuredClone(vector))
      spaces.set(namespace, space)
    },
    async query(namespace, values, { limit = 10, filter = {} } = {}) {
      const wanted = Object.entries(filter)
      return [...(spaces.get(namespace)?.values() ?? [])]
        .filter(({ metadata }) => wanted.every(([key, value]) => metadata?.[key] === value))
        .map(({ id, values: own, metadata }) => ({ id, score: cosine(values, own), metadata }))
        .sort((a, b) => b.score - a.score)
        .slice(0, limit)
    },
    async delete(namespace, ids) {
      if (!ids) spaces.delete(namespace)
      else for (const id of ids) spaces.get(namespace)?.delete(id)
    },
  }
}

function cosine(a: readonly number[], b: readonly number[]): number {
  let [dot, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * (b[i] ?? 0)
    aa += a[i]! ** 2
    bb += (b[i] ?? 0) ** 2
  }
  return aa && bb ? dot / Math.sqrt(aa * bb) : 0
}
