import { storyApp } from './agents.ts'

interface Env {
  LLAMA: string
}

export default {
  fetch: (request: Request, env: Env): Response | Promise<Response> => storyApp(env.LLAMA).fetch(request, env),
}
