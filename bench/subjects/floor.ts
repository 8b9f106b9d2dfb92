import { createParser } from 'eventsource-parser'
import type { Subject } from '../measure.ts'

const encoder = new TextEncoder()

/** What nobody can do without: the least code by hand that turns the provider's bytes into bytes for a browser. */
export const floor: Subject = (fetch) =>
  async function floor() {
    const upstream = await fetch('https://api.openai.com/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-bench', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
    })
    const reader = upstream.body!.getReader()
    const decoder = new TextDecoder()
    let text = ''
    const parser = createParser({
      onEvent({ data }) {
        if (data === '[DONE]') return
        const { choices } = JSON.parse(data) as { choices: readonly { delta?: { content?: string } }[] }
        const delta = choices[0]?.delta?.content
        if (delta) text += `data: ${JSON.stringify({ type: 'text', delta })}\n\n`
      },
    })
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          for (;;) {
            const { value, done } = await reader.read()
            if (done) return controller.close()
            parser.feed(decoder.decode(value, { stream: true }))
            if (!text) continue
            controller.enqueue(encoder.encode(text))
            text = ''
            return
          }
        },
      },
      { highWaterMark: 0 },
    )
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
