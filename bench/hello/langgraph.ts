import { createReactAgent } from '@langchain/langgraph/prebuilt'
import { ChatOpenAI } from '@langchain/openai'

const agent = createReactAgent({ llm: new ChatOpenAI({ model: 'gpt-5-mini', apiKey: 'key' }), tools: [] })
export default {
  fetch: async (request: Request): Promise<Response> =>
    Response.json(await agent.invoke({ messages: [{ role: 'user', content: await request.text() }] })),
}
