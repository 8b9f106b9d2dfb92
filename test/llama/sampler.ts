// A real model, of 260,000 parameters: it tells stories, and a grammar makes it write JSON. It counts what it samples.
import { setTimeout as sleep } from 'node:timers/promises'
import { getLlama, LlamaGrammarEvaluationState, LlamaLogLevel, type Token } from 'node-llama-cpp'

export interface Job {
  prompt: string
  /** Tokens at most. */
  max: number
  temperature?: number
  seed?: number
  stop?: readonly string[]
  /** JSON of any shape, or held to a schema. */
  json?: true | Record<string, unknown>
  signal: AbortSignal
}

export interface Told {
  reason: 'stop' | 'length'
  /** Tokens of the prompt, and tokens sampled after it. */
  prompt: number
  sampled: number
}

export interface Sampler {
  /** Tokens sampled since the start. */
  readonly sampled: number
  /** Whether a story is being told now. */
  readonly busy: boolean
  /** Tells on from a prompt, piece by piece; jobs take turns. Throws a `RangeError` for a prompt that fills the context. */
  tell(job: Job): AsyncGenerator<string, Told>
  close(): Promise<void>
}

/** `pace` is the least time in ms that a token takes. */
export async function openSampler(file: string, pace: number): Promise<Sampler> {
  const llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.error, progressLogs: false })
  const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 })
  const context = await model.createContext({ contextSize: 512, threads: 1, sequences: 1 })
  const sequence = context.getSequence()
  const begin = model.tokens.bos!
  let sampled = 0
  let busy = false
  let turn: Promise<unknown> = Promise.resolve()

  const grammarOf = async (json: NonNullable<Job['json']>): Promise<LlamaGrammarEvaluationState> => {
    const grammar = json === true ? await llama.getGrammarFor('json') : await llama.createGrammarForJsonSchema(json as never)
    return new LlamaGrammarEvaluationState({ model, grammar })
  }

  async function* tell({ prompt, max, temperature = 0, seed, stop = [], json, signal }: Job): AsyncGenerator<string, Told> {
    const before = turn
    const { promise, resolve } = Promise.withResolvers<void>()
    turn = promise
    try {
      await before
      signal.throwIfAborted()
      busy = true
      const input = [begin, ...model.tokenize(prompt)]
      const room = sequence.contextSize - input.length - 8
      if (room <= 0) throw new RangeError(`the prompt of ${input.length} tokens exceeds the context window of ${sequence.contextSize}`)
      const grammar = json && (await grammarOf(json))
      await sequence.clearHistory()
      const tokens: Token[] = []
      let shown = ''
      const options = { temperature, ...(seed !== undefined && { seed }), ...(grammar && { grammarEvaluationState: grammar }) }
      for await (const token of sequence.evaluate(input, options)) {
        sampled++
        tokens.push(token)
        if (pace) await sleep(pace)
        signal.throwIfAborted()
        const told = (reason: Told['reason']): Told => ({ reason, prompt: input.length, sampled: tokens.length })
        // this model ends a story by beginning the next
        if (token === begin || model.isEogToken(token)) return told('stop')
        const text = model.detokenize(tokens)
        const end = stop.map((word) => text.indexOf(word)).find((at) => at >= 0)
        const whole = end === undefined ? text : text.slice(0, end)
        // a character may take several tokens
        if (!whole.endsWith('\uFFFD') && whole.length > shown.length) {
          yield whole.slice(shown.length)
          shown = whole
        }
        // after its last bracket a grammar lets white space go on
        if (end !== undefined || (json && isWhole(text))) return told('stop')
        if (tokens.length >= Math.min(max, room)) return told('length')
      }
      return { reason: 'stop', prompt: input.length, sampled: tokens.length }
    } finally {
      busy = false
      resolve()
    }
  }

  return {
    get sampled() {
      return sampled
    },
    get busy() {
      return busy
    },
    tell,
    close: () => llama.dispose(),
  }
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
