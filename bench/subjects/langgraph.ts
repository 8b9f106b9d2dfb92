import { createReactAgent } from '@langchain/langgraph/prebuilt'
import { ChatOpenAI } from '@langchain/openai'
import type { Subject } from '../measure.ts'
import { sseOf } from '../upstream.ts'

export const langgraph: Subject = (fetch) => {
  const llm = new ChatOpenAI({ model: 'gpt-bench', apiKey: 'key', streaming: true, configuration: { fetch } })
  const agent = createReactAgent({ llm, tools: [] })
  return async () => {
    const messages = await agent.stream({ messages: [{ role: 'user', content: 'hi' }] }, { streamMode: 'messages' })
    return sseOf(texts(messages))
  }
}

async function* texts(messages: AsyncIterable<[{ content: unknown }, unknown]>): AsyncGenerator<string> {
  for await (const [{ content }] of messages) if (typeof content === 'string' && content) yield content
}
