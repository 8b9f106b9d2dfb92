import { tool, type Tool, ToolError } from '../../src/index.ts'
import { jsonSchema } from '../../src/schema/json.ts'

// plain JSON Schema: with zod a new isolate spends 50 to 80 ms of CPU on evaluating it, before its first request

export const time: Tool = tool({
  name: 'time',
  description: 'Tells the present date and time.',
  input: jsonSchema<{ zone?: string }>({
    type: 'object',
    properties: { zone: { type: 'string', description: 'IANA time zone; default UTC' } },
  }),
  idempotent: true,
  run({ zone = 'UTC' }) {
    try {
      return { now: new Date().toLocaleString('en-GB', { timeZone: zone, dateStyle: 'full', timeStyle: 'medium' }), zone }
    } catch {
      throw new ToolError(`there is no time zone ${zone}`)
    }
  },
})

export const calculator: Tool = tool({
  name: 'calculator',
  description: 'Works out an arithmetic expression of numbers, + - * / % ^ and parentheses.',
  input: jsonSchema<{ expression: string }>({
    type: 'object',
    properties: { expression: { type: 'string', maxLength: 200 } },
    required: ['expression'],
  }),
  idempotent: true,
  run: ({ expression }) => ({ expression, value: calculate(expression) }),
})

export const deleteNotes: Tool = tool({
  name: 'delete_notes',
  description: 'Deletes notes of the user. Needs approval.',
  input: jsonSchema<{ which: 'mine' | 'all' }>({
    type: 'object',
    properties: { which: { enum: ['mine', 'all'] } },
    required: ['which'],
  }),
  approval: true,
  run: ({ which }, { emit }) => {
    emit({ deleted: 1, of: 2 })
    return { deleted: which === 'all' ? 2 : 1, note: 'an example: nothing real was deleted' }
  },
})

export const countdown: Tool = tool({
  name: 'countdown',
  description: 'Waits some seconds and shows how many are left.',
  input: jsonSchema<{ seconds: number }>({
    type: 'object',
    properties: { seconds: { type: 'integer', minimum: 1, maximum: 30 } },
    required: ['seconds'],
  }),
  idempotent: true,
  async run({ seconds }, { emit, signal }) {
    for (let done = 0; done < seconds; done++) {
      emit({ done, of: seconds, message: `${seconds - done} s left` })
      await second(signal)
    }
    return { waited: seconds }
  },
})

/** The app's own health, asked in process. */
export const health = (fetch: (request: Request) => Response | Promise<Response>): Tool =>
  tool({
    name: 'health',
    description: 'Asks this app how it is.',
    idempotent: true,
    run: async () => (await fetch(new Request('http://localhost/health'))).json(),
  })

const second = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, 1000)
    signal.addEventListener('abort', stop, { once: true })
  })

/** Recursive descent: no `eval`, which an edge runtime forbids and a model should never reach. */
export function calculate(expression: string): number {
  const tokens = expression.match(/\d+(?:\.\d+)?|[-+*/%^()]/g) ?? []
  if (tokens.join('') !== expression.replace(/\s/g, '')) throw new ToolError('only numbers, + - * / % ^ and parentheses')
  let at = 0
  const sum = (): number => {
    let value = product()
    while (tokens[at] === '+' || tokens[at] === '-') value = tokens[at++] === '+' ? value + product() : value - product()
    return value
  }
  const product = (): number => {
    let value = power()
    while (tokens[at] === '*' || tokens[at] === '/' || tokens[at] === '%') {
      const sign = tokens[at++]
      const next = power()
      value = sign === '*' ? value * next : sign === '/' ? value / next : value % next
    }
    return value
  }
  const power = (): number => {
    const base = unary()
    if (tokens[at] !== '^') return base
    at++
    return base ** power()
  }
  const unary = (): number => {
    const token = tokens[at++]
    if (token === '-') return -unary()
    if (token === '(') {
      const value = sum()
      if (tokens[at++] !== ')') throw new ToolError('a parenthesis is missing')
      return value
    }
    const value = Number(token)
    if (token === undefined || Number.isNaN(value)) throw new ToolError('a number is missing')
    return value
  }
  const value = sum()
  if (at < tokens.length) throw new ToolError('the expression ends too early')
  return value
}
