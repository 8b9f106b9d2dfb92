import { createOpenAI } from '@ai-sdk/openai'
import { createUIMessageStreamResponse, streamText, toUIMessageStream } from 'ai'
import type { Subject } from '../measure.ts'

export const aiSdk: Subject = (fetch) => {
  const model = createOpenAI({ apiKey: 'key', fetch }).chat('gpt-bench')
  return () => createUIMessageStreamResponse({ stream: toUIMessageStream({ stream: streamText({ model, prompt: 'hi' }).stream }) })
}
