import { Agent, OpenAIChatCompletionsModel, run } from '@openai/agents'
import OpenAI from 'openai'

const model = new OpenAIChatCompletionsModel(new OpenAI({ apiKey: 'key' }), 'gpt-5-mini')
const agent = new Agent({ name: 'hello', model })
export default {
  fetch: async (request: Request): Promise<Response> => Response.json((await run(agent, await request.text())).finalOutput),
}
