// The behaviours of every provider, by way of the real AI SDK: its own provider of OpenAI behind our bridge.
import { createOpenAI } from '@ai-sdk/openai'
import { describe, expect, test } from 'vitest'
import { fromAISDK, toAISDK } from '../../src/providers/ai-sdk.ts'
import { openaiChat } from '../../src/providers/openai-chat.ts'
import { conformance, type Subject } from '../../src/testing/conformance.ts'

const lacks: Subject['lacks'] = {
  'one call at a time': 'the specification has no such setting: a notice says so',
  options: 'options are by the name of its provider',
}
const subjects: Readonly<Record<string, Subject>> = {
  '@ai-sdk/openai (chat) behind the bridge': {
    wire: 'openai-chat',
    model: ({ server: _, ...to }) => fromAISDK(createOpenAI(to).chat('gpt-4.1'), { capabilities: { input: ['text', 'image', 'pdf'] } }),
    lacks: { ...lacks, 'result media': 'it writes results as text', refusal: 'it tells the words of a refusal as text, or not at all' },
    // what it does not read, and cannot be told, is its own
    except: {
      'open schema': 'it asks strictly for any schema',
      'whole, unasked': 'it reads events only where it asked for them',
      'arguments as an object': 'it takes text only',
      'events of tomorrow': 'it refuses events that it does not know',
      'error in a normal chunk': 'it reads no error there',
      'no last line end': 'it leaves out an event that no blank line ends',
    },
  },
  'our own provider, to the AI SDK and back': {
    wire: 'openai-chat',
    model: (to) => fromAISDK(toAISDK(openaiChat('gpt-5.4-mini', to), { supportedUrls: { '*': [/^https?:/] } })),
    lacks,
  },
}

describe.each(Object.entries(subjects))('%s', (_, subject) => {
  const tests = conformance(subject)
  for (const { name, lacking, run } of tests) if (lacking === undefined) test(name, run)
  test('is asked most of the behaviours', () => {
    expect(tests.filter(({ lacking }) => lacking === undefined).length).toBeGreaterThan(70)
  })
})
