// Requests of Converse that no recording holds.
import type { Fields } from './checks.ts'

const user = (...content: Fields[]): Fields => ({ role: 'user', content })
const said = (...content: Fields[]): Fields => ({ role: 'assistant', content })
const hi = user({ text: 'hi' })
const spec = { toolSpec: { name: 'a', description: 'd', inputSchema: { json: { type: 'object', properties: {} } } } }
const called = (toolUseId: string, more: Fields = {}): Fields => ({ toolUse: { toolUseId, name: 'a', input: { x: 1 }, ...more } })
const result = (toolUseId: string, content: Fields[], more: Fields = {}): Fields => ({ toolResult: { toolUseId, content, ...more } })
const s3 = { s3Location: { uri: 's3://bucket/key' } }
const point = { cachePoint: { type: 'default' } }

export const bedrockBodies: Readonly<Record<string, Fields>> = {
  'a choice that is left to the model': { messages: [hi], toolConfig: { tools: [spec], toolChoice: { auto: {} } } },
  'any tool': { messages: [hi], toolConfig: { tools: [spec], toolChoice: { any: {} } } },
  'results that say how they went': {
    toolConfig: { tools: [spec] },
    messages: [
      hi,
      said({ text: 't' }, called('tooluse_1'), called('tooluse_2'), called('tooluse_3')),
      user(
        result('tooluse_1', [{ text: 'x' }], { status: 'success' }),
        result('tooluse_2', [{ json: { a: 1 } }], { status: 'error' }),
        result('tooluse_3', [{ text: 'x' }, { image: { format: 'png', source: { bytes: 'AAAA' } } }]),
        { text: 'go on' },
      ),
    ],
  },
  'documents and pictures by bytes and by address': {
    messages: [
      user(
        { text: 'x' },
        { document: { format: 'txt', name: 'a', source: { bytes: 'aGk=' } } },
        { document: { format: 'csv', name: 'b', source: { bytes: 'aGk=' } } },
        { document: { format: 'pdf', name: 'c', source: s3 } },
        { image: { format: 'png', source: s3 } },
        { video: { format: 'mp4', source: s3 } },
      ),
    ],
  },
  'breakpoints of the cache': {
    system: [{ text: 'a' }, point],
    toolConfig: { tools: [spec, point] },
    messages: [user({ document: { format: 'pdf', name: 'd', source: { bytes: 'AAAA' } } }, point, { text: 'x' })],
  },
  'a tool that AWS ran': {
    toolConfig: { tools: [{ systemTool: { name: 'nova_code_interpreter' } }] },
    messages: [
      hi,
      said(
        called('tooluse_1', { name: 'nova_code_interpreter', type: 'server_tool_use' }),
        result('tooluse_1', [{ json: { a: 1 } }], { status: 'success', type: 'nova_code_interpreter_result' }),
        { text: 'y' },
      ),
      hi,
    ],
  },
  'thinking that is kept secret': {
    messages: [hi, said({ reasoningContent: { redactedContent: 'AAAA' } }, { text: 'y' }), hi],
  },
}
