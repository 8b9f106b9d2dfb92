import { ToolError } from '../errors.ts'
import type { JsonSchema, Schema } from '../schema.ts'
import type { Store } from '../store.ts'
import { tool, type Tool, type ToolContext } from '../tool.ts'
import { wire } from './wire/anthropic-models.ts'
import { fields } from './wire/fields.ts'
import { apply, type Limits, type MemoryCommand } from './wire/anthropic-memory-files.ts'

export interface MemoryOptions {
  /** Before every key in the store; default `memory/`. */
  prefix?: string
  /**
   * Whose memory it is. Default: the tenant and id of the principal, or the session's where nobody has logged in. Without either
   * the tool refuses: a memory that strangers share is one that strangers can write into.
   */
  owner?: string | ((context: ToolContext) => string | undefined)
  /** Files of one owner, default 200; UTF-8 bytes of one file, default 100,000, and of all, default 500,000. */
  files?: number
  fileBytes?: number
  bytes?: number
  /** Characters that one view gives; the model reads on by `view_range`. Default 32,000. */
  view?: number
}

/**
 * The memory tool (`memory_20250818`) over a `Store`: files below `/memories` that a model keeps from one conversation to the next,
 * with the commands and the words that Anthropic documents, which its models know. Another wire gets it as a plain tool. All files of
 * an owner are one value, so that renaming and deleting are whole or not at all; with compare-and-set, two runs at once lose nothing.
 * @example agent({ name: 'a', model, tools: [memoryTool(store, { prefix: 'notes/' })] })
 */
export function memoryTool(store: Store | ((context: ToolContext) => Store), options: MemoryOptions = {}): Tool {
  const { prefix = 'memory/', owner = ownerOf, files = 200, fileBytes = 100_000, bytes = 500_000, view = 32_000 } = options
  const limits: Limits = { files, fileBytes, bytes, view }
  const turns = new Map<string, Promise<unknown>>()
  return tool({
    name: 'memory',
    description: 'Files below /memories that stay from one conversation to the next. View /memories first.',
    input: command,
    providerOptions: { [wire]: { type: 'memory_20250818' } },
    run: async (asked, context: ToolContext) => {
      const whose = typeof owner === 'string' ? owner : owner(context)
      if (!whose) throw new ToolError('There is no memory here: nobody is logged in.')
      const key = `${prefix}${whose}`
      const at = typeof store === 'function' ? store(context) : store
      // calls of one turn run at once; over a store without compare-and-set they would undo one another
      const before = turns.get(key) ?? Promise.resolve()
      const next = (): Promise<string> => {
        context.signal.throwIfAborted()
        return change(at, key, asked, limits)
      }
      const turn = before.then(next, next)
      turns.set(key, turn)
      try {
        return await turn
      } finally {
        if (turns.get(key) === turn) turns.delete(key)
      }
    },
  })
}

function ownerOf({ principal, session }: ToolContext): string | undefined {
  // in open mode everybody is `anonymous`, and who knows a session's id owns it
  if (principal && principal.id !== 'anonymous') return JSON.stringify(['principal', principal.tenant ?? null, principal.id])
  return session === undefined ? undefined : JSON.stringify(['session', session])
}

/** Times that a change is tried again when another one came first. */
const tries = 8

async function change(store: Store, key: string, asked: MemoryCommand, limits: Limits): Promise<string> {
  for (let left = tries; left; left--) {
    const stored = await store.get(key)
    const files = filesIn(stored)
    const { said, changed } = apply(files, asked, limits)
    if (!changed) return said
    const value = { files: Object.fromEntries(files) }
    if (!store.compareAndSet) {
      await store.set(key, value)
      return said
    }
    if (await store.compareAndSet(key, stored, value)) return said
  }
  throw new ToolError('Error: The memory is being changed by others. Try again.')
}

function filesIn(stored: unknown): Map<string, string> {
  const entries = Object.entries(fields(fields(stored).files))
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

const path = { type: 'string', description: 'Below /memories.' }
const schema: JsonSchema = {
  type: 'object',
  properties: {
    command: { type: 'string', enum: ['view', 'create', 'str_replace', 'insert', 'delete', 'rename'] },
    path: { ...path, description: 'Below /memories; of every command but rename.' },
    view_range: { type: 'array', items: { type: 'integer' }, description: 'First and last line to view, from 1; -1 is the end.' },
    file_text: { type: 'string', description: 'What create writes.' },
    old_str: { type: 'string', description: 'What str_replace replaces; it must be there exactly once.' },
    new_str: { type: 'string' },
    insert_line: { type: 'integer', description: 'The line that insert comes after; 0 is the beginning.' },
    insert_text: { type: 'string' },
    old_path: path,
    new_path: path,
  },
  required: ['command'],
}

/** The fields that each command must have, and of which type. */
const needs: Readonly<Record<string, Readonly<Record<string, 'string' | 'number'>>>> = {
  view: { path: 'string' },
  create: { path: 'string', file_text: 'string' },
  str_replace: { path: 'string', old_str: 'string' },
  insert: { path: 'string', insert_line: 'number', insert_text: 'string' },
  delete: { path: 'string' },
  rename: { old_path: 'string', new_path: 'string' },
}

const command: Schema<unknown, MemoryCommand> = {
  '~standard': {
    version: 1,
    vendor: 'edgeswarm',
    validate(value) {
      const given = fields(value)
      const needed = Object.hasOwn(needs, String(given.command)) ? needs[String(given.command)]! : undefined
      if (!needed) return { issues: [{ message: `must be one of ${Object.keys(needs).join(', ')}`, path: ['command'] }] }
      const issues = Object.entries(needed)
        .filter(([name, type]) => typeof given[name] !== type)
        .map(([name, type]) => ({ message: `must be a ${type}`, path: [name] }))
      if (given.new_str !== undefined && typeof given.new_str !== 'string') issues.push({ message: 'must be a string', path: ['new_str'] })
      return issues.length ? { issues } : { value: given as unknown as MemoryCommand }
    },
    jsonSchema: { input: () => ({ ...schema }), output: () => ({ ...schema }) },
  },
}
