import type { Protocol } from './openai-answers.ts'
import { traitsOf } from './openai-models.ts'
import { ResponsesDecoder } from './openai-responses-decoder.ts'
import { encodeResponses, serverOf } from './openai-responses.ts'

/** Responses; nothing is stored. */
export const responsesProtocol: Protocol = {
  endpoint: '/v1/responses',
  body(provider, model, call) {
    const traits = provider === 'openai' ? traitsOf(model) : {}
    return encodeResponses({ ...call, stream: false }, { model, server: serverOf(provider), store: false, traits, quirks: {} }).body
  },
  reads: (body) => Array.isArray(body.output),
  decoder: (provider) => new ResponsesDecoder({ provider, server: serverOf(provider) }),
}
