import { model, type Model, type ModelInfo } from '../model.ts'
import { askBedrock, type BedrockConnection } from './wire/aws.ts'
import { ConverseDecoder } from './wire/bedrock-decode.ts'
import { encodeConverse } from './wire/bedrock-request.ts'
import { wire } from './wire/bedrock-models.ts'

export type { AwsCredentials, BedrockConnection } from './wire/aws.ts'

export interface BedrockOptions extends BedrockConnection {
  /** Named in errors and events; default `bedrock`. */
  provider?: string
  /** `invoke` asks by InvokeModel, for models whose own body is Converse's (Amazon Nova); default `converse`. */
  api?: 'converse' | 'invoke'
  capabilities?: ModelInfo['capabilities']
  limits?: ModelInfo['limits']
}

/**
 * A model behind Amazon Bedrock's Converse API, by its id, inference profile or ARN. Requests are signed by `aws4fetch` (a peer to
 * install) or carry a Bedrock API key. What the model would refuse is left out, and a `notice` (`model/unsupported`) names it. Errors: `model/*`.
 * @example bedrock('us.anthropic.claude-haiku-4-5-20251001-v1:0', { region: 'us-east-1', accessKeyId, secretAccessKey })
 * @example bedrock('amazon.nova-2-lite-v1:0', { region: 'us-east-1', apiKey })
 */
export function bedrock(id: string, options: BedrockOptions): Model {
  const { provider = 'bedrock', api = 'converse', limits } = options
  const capabilities = options.capabilities ?? { tools: true, structured: true, input: ['text', 'image', 'pdf', 'video'] }
  return model({ id, provider, wire, capabilities, limits }, (call) =>
    askBedrock(call, provider, options, () => {
      const { body, dropped } = encodeConverse(call, id)
      const whole = call.stream === false
      return {
        model: id,
        operation: api === 'converse' ? (whole ? 'converse' : 'converse-stream') : whole ? 'invoke' : 'invoke-with-response-stream',
        body: api === 'converse' ? body : { schemaVersion: 'messages-v1', ...body },
        dropped,
        decoder: new ConverseDecoder(provider),
      }
    }),
  )
}
