import { createOpenAI } from '@ai-sdk/openai'
import { createUIMessageStreamResponse, streamText, toUIMessageStream } from 'ai'

const model = createOpenAI({ apiKey: 'key' }).chat('gpt-5-mini')
export default {
  fetch: async (request: Request): Promise<Response> =>
    createUIMessageStreamResponse({ stream: toUIMessageStream({ stream: streamText({ model, prompt: await request.text() }).stream }) }),
}
