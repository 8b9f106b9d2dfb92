import { expectTypeOf, test } from 'vitest'
import type { AiServicesBinding } from '../../src/providers/workers-ai-services.ts'
import { type AiBinding, workersAi } from '../../src/providers/workers-ai.ts'

// that it works is shown over the real binding, by test/node/workers-ai.test.ts
test('env.AI as a Worker declares it fits, without a cast', () => {
  expectTypeOf<Ai>().toExtend<AiBinding>()
  expectTypeOf<Ai>().toExtend<AiServicesBinding>()
  expectTypeOf<(binding: Ai) => unknown>((binding) => workersAi('@cf/zai-org/glm-5.3-flash', { binding })).toBeFunction()
})
