import { app } from '../../src/http/app.ts'
import { agent } from '../../src/index.ts'
import { openaiChat } from '../../src/providers/openai-chat.ts'

export default app({ agents: { hello: agent({ name: 'hello', model: openaiChat('gpt-5-mini') }) }, auth: 'open' })
