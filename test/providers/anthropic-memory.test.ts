// The memory tool over a store: what a model may do to its files, whose they are, and what it is told.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agent, memoryStore, type Principal, run, type Store, type Tool, type ToolContext, ToolError } from '../../src/index.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import { type MemoryOptions, memoryTool } from '../../src/providers/anthropic-memory.ts'
import { type Fields, message, said, serving } from './anthropic-fake.ts'

const ann: Principal = { id: 'ann' }

/** Uses the tool as the loop does; gives what the model is told, errors as they are. */
async function use(memory: Tool, input: Fields, given: Partial<ToolContext> = { principal: ann }): Promise<string> {
  const context = { signal: new AbortController().signal, ...given }
  const checked = await memory.input!['~standard'].validate(input)
  if (checked.issues) throw new TypeError(checked.issues.map(({ message: said, path }) => `${path![0] as string}: ${said}`).join('; '))
  try {
    return await (memory.run as (input: unknown, context: unknown) => Promise<string>)(checked.value, context)
  } catch (error) {
    if (error instanceof ToolError) return error.message
    throw error
  }
}

const fresh = (options?: MemoryOptions, store: Store = memoryStore()): ((input: Fields) => Promise<string>) => {
  const memory = memoryTool(store, options)
  return (input) => use(memory, input)
}
const create = (path: string, file_text = 'x'): Fields => ({ command: 'create', path, file_text })
const view = (path: string, view_range?: unknown): Fields => ({ command: 'view', path, ...(view_range !== undefined && { view_range }) })
const gone = (path: string): string => `Error: The path ${path} does not exist`
const lost = (path: string): string => `The path ${path} does not exist. Please provide a valid path.`

describe('the commands, in the words that the vendor documents', () => {
  test('create makes a file once', async () => {
    const memory = fresh()
    expect(await memory(create('/memories/notes.txt'))).toBe('File created successfully at: /memories/notes.txt')
    expect(await memory(create('/memories/notes.txt'))).toBe('Error: File /memories/notes.txt already exists')
    await memory(create('/memories/dir/a'))
    expect(await memory(create('/memories/dir'))).toBe('Error: File /memories/dir already exists')
    expect(await memory(create('/memories'))).toBe('Error: File /memories already exists')
    expect(await memory(create('/memories/notes.txt/a'))).toBe('Error: /memories/notes.txt is a file, not a directory')
  })

  test('view numbers the lines of a file, all or some of them', async () => {
    const memory = fresh()
    await memory(create('/memories/n', 'one\ntwo\nthree\n'))
    const head = "Here's the content of /memories/n with line numbers:"
    expect(await memory(view('/memories/n'))).toBe(`${head}\n     1\tone\n     2\ttwo\n     3\tthree`)
    expect(await memory(view('/memories/n', [2, 3]))).toBe(`${head}\n     2\ttwo\n     3\tthree`)
    expect(await memory(view('/memories/n', [2, -1]))).toBe(`${head}\n     2\ttwo\n     3\tthree`)
    expect(await memory(view('/memories/n', [3, 99]))).toBe(`${head}\n     3\tthree`)
    for (const range of [[0, 1], [4, 5], [3, 2], [1], 'x', [1.5, 2], [1, -2]])
      expect(await memory(view('/memories/n', range)), JSON.stringify(range)).toMatch(/^Error: Invalid `view_range` parameter/)
    await memory(create('/memories/empty', ''))
    expect(await memory(view('/memories/empty'))).toBe("Here's the content of /memories/empty with line numbers:")
    expect(await memory(view('/memories/none'))).toBe(lost('/memories/none'))
  })

  test('view gives a directory two levels deep with sizes, without what is hidden', async () => {
    const memory = fresh({ fileBytes: 3_000_000, bytes: 9_000_000 })
    const head = (path: string): string =>
      `Here're the files and directories up to 2 levels deep in ${path}, excluding hidden items and node_modules:\n`
    expect(await memory(view('/memories'))).toBe(`${head('/memories')}0B\t/memories`)
    await memory(create('/memories/a.txt', 'ü'.repeat(50)))
    await memory(create('/memories/b/c.txt', 'x'.repeat(5632)))
    await memory(create('/memories/b/d/e/f.txt', 'x'.repeat(2_000_000)))
    await memory(create('/memories/.hidden/x'))
    await memory(create('/memories/b/node_modules/x'))
    expect(await memory(view('/memories/'))).toBe(
      `${head('/memories')}1.9M\t/memories\n100B\t/memories/a.txt\n1.9M\t/memories/b\n5.5K\t/memories/b/c.txt\n1.9M\t/memories/b/d`,
    )
    expect(await memory(view('/memories/b/d'))).toBe(
      `${head('/memories/b/d')}1.9M\t/memories/b/d\n1.9M\t/memories/b/d/e\n1.9M\t/memories/b/d/e/f.txt`,
    )
  })

  test('str_replace changes what is there exactly once, and shows where', async () => {
    const memory = fresh()
    await memory(create('/memories/p', '1\n2\n3\ncolor: blue\n5\n6\n7\n'))
    const replace = (path: string, old_str: string, new_str?: string): Promise<string> =>
      memory({ command: 'str_replace', path, old_str, ...(new_str !== undefined && { new_str }) })
    expect(await replace('/memories/p', 'blue', '$& green')).toBe(
      'The memory file has been edited. Here is the snippet showing the change (with line numbers):\n     2\t2\n     3\t3\n     4\tcolor: $& green\n     5\t5\n     6\t6',
    )
    expect(await replace('/memories/p', 'red', 'x')).toBe(
      'No replacement was performed, old_str `red` did not appear verbatim in /memories/p.',
    )
    expect(await replace('/memories/p', '', 'x')).toMatch(/did not appear verbatim/)
    expect(await replace('/memories/p', '\n')).toBe(
      'No replacement was performed. Multiple occurrences of old_str `\n` in lines: 1, 2, 3, 4, 5, 6, 7. Please ensure it is unique',
    )
    expect(await replace('/memories/p', 'color: $& green\n')).toMatch(/^The memory file has been edited/)
    expect(await replace('/memories/none', 'a', 'b')).toBe(`Error: ${lost('/memories/none')}`)
    await memory(create('/memories/dir/a', 'aaa'))
    expect(await replace('/memories/dir', 'a', 'b')).toBe(`Error: ${lost('/memories/dir')}`)
    expect(await replace('/memories/dir/a', 'aa', 'b')).toMatch(/Multiple occurrences/)
  })

  test('insert comes after a line, 0 is the beginning', async () => {
    const memory = fresh()
    await memory(create('/memories/t', 'one\ntwo'))
    const insert = (insert_line: number, insert_text: string, path = '/memories/t'): Promise<string> =>
      memory({ command: 'insert', path, insert_line, insert_text })
    expect(await insert(3, 'x')).toBe(
      'Error: Invalid `insert_line` parameter: 3. It should be within the range of lines of the file: [0, 2]',
    )
    expect(await insert(-1, 'x')).toMatch(/^Error: Invalid `insert_line`/)
    expect(await insert(0.5, 'x')).toMatch(/^Error: Invalid `insert_line`/)
    expect(await insert(1, 'a\nb\n')).toBe('The file /memories/t has been edited.')
    expect(await insert(0, 'first')).toBe('The file /memories/t has been edited.')
    expect(await insert(5, 'last\n')).toBe('The file /memories/t has been edited.')
    expect(await memory(view('/memories/t'))).toMatch(/1\tfirst\n {5}2\tone\n {5}3\ta\n {5}4\tb\n {5}5\ttwo\n {5}6\tlast$/)
    expect(await insert(0, 'x', '/memories/none')).toBe(gone('/memories/none'))
  })

  test('delete takes a file, or a directory with all in it', async () => {
    const memory = fresh()
    for (const path of ['a', 'dir/b', 'dir/c/d', 'directory/e']) await memory(create(`/memories/${path}`))
    const remove = (path: string): Promise<string> => memory({ command: 'delete', path })
    expect(await remove('/memories/a')).toBe('Successfully deleted /memories/a')
    expect(await remove('/memories/a')).toBe(gone('/memories/a'))
    expect(await remove('/memories/dir')).toBe('Successfully deleted /memories/dir')
    expect(await memory(view('/memories/dir/c/d'))).toBe(lost('/memories/dir/c/d'))
    expect(await memory(view('/memories/directory/e'))).toContain('1\tx')
    expect(await remove('/memories')).toBe('Error: The directory /memories itself cannot be deleted')
  })

  test('rename moves a file, or a directory with all in it, and overwrites nothing', async () => {
    const memory = fresh()
    for (const path of ['a', 'dir/b', 'dir/c/d']) await memory(create(`/memories/${path}`, path))
    const rename = (from: string, to: string): Promise<string> =>
      memory({ command: 'rename', old_path: `/memories/${from}`, new_path: `/memories/${to}` })
    expect(await rename('dir', 'new/place')).toBe('Successfully renamed /memories/dir to /memories/new/place')
    expect(await memory(view('/memories/new/place/c/d'))).toContain('dir/c/d')
    expect(await rename('dir', 'x')).toBe(gone('/memories/dir'))
    expect(await rename('a', 'new')).toBe('Error: The destination /memories/new already exists')
    expect(await rename('new', 'new/deeper')).toBe('Error: /memories/new cannot be moved into itself')
    expect(await rename('new', 'a/b')).toBe('Error: /memories/a is a file, not a directory')
    expect(await rename('', 'x')).toBe('Error: The directory /memories itself cannot be renamed')
    expect(await memory(view('/memories/a'))).toContain('1\ta')
  })
})

describe('paths', () => {
  const bad = [
    '',
    '/',
    '/etc/passwd',
    'memories/a',
    '/memoriesX/a',
    '/memories/../etc',
    '/memories/a/../../b',
    '/memories/..',
    '/memories/.',
    '/memories/./a',
    '/memories//a',
    '//memories/a',
    '/memories/a//',
    '/memories/..\\b',
    '/memories\\a',
    'C:\\memories',
    '/memories/%2e%2e/a',
    '/memories/%2E%2E%2Fa',
    '/memories/%252e%252e',
    '/memories/a%00',
    '/memories/a\0',
    '/memories/a\nb',
    '/memories/ ',
    '/memories/ a',
    '/memories/\uFF0E\uFF0E/a',
    '/memories/\u2025/a',
    '/memories/a\uFF0Fb',
    '/memories/\ud800',
    `/memories/${'a'.repeat(500)}`,
    '/MEMORIES/a',
    './memories/a',
    '~/memories',
    'file:///memories/a',
  ]

  test.each(bad)('%j is refused by every command, and nothing is written', async (path) => {
    const store = memoryStore()
    const memory = fresh({}, store)
    await memory(create('/memories/kept'))
    const before = await store.list('')
    for (const command of [
      view(path),
      create(path),
      { command: 'str_replace', path, old_str: 'x', new_str: 'y' },
      { command: 'insert', path, insert_line: 0, insert_text: 'x' },
      { command: 'delete', path },
      { command: 'rename', old_path: path, new_path: '/memories/new' },
      { command: 'rename', old_path: '/memories/kept', new_path: path },
    ])
      expect(await memory(command), JSON.stringify(command)).toMatch(/is not allowed: paths are plain and begin with \/memories$/)
    expect(await store.list('')).toEqual(before)
    expect(await memory(view('/memories/kept'))).toContain('1\tx')
  })

  test.each([
    '/memories/a',
    '/memories/a b.md',
    '/memories/.hidden',
    '/memories/日本/é.txt',
    '/memories/100%',
    '/memories/__proto__',
    '/memories/dir/',
  ])('%j is a path', async (path) => {
    expect(await fresh()(create(path))).toBe(`File created successfully at: ${path.replace(/\/$/, '')}`)
  })
})

describe('whose memory it is', () => {
  const seen = async (memory: Tool, context: Partial<ToolContext>): Promise<boolean> =>
    (await use(memory, view('/memories/a'), context)).includes('\tx')

  test('of one principal and tenant, and of nobody else', async () => {
    const memory = memoryTool(memoryStore())
    const tenant = { principal: { id: 'ann', tenant: 'acme' } }
    await use(memory, create('/memories/a'), tenant)
    expect(await seen(memory, { ...tenant, session: 's2' })).toBe(true)
    for (const principal of [{ id: 'ann' }, { id: 'bob', tenant: 'acme' }, { id: 'ann', tenant: 'other' }, { id: 'ann","acme' }])
      expect(await seen(memory, { principal }), JSON.stringify(principal)).toBe(false)
  })

  test('of the session where nobody has logged in, and refused without one', async () => {
    const memory = memoryTool(memoryStore())
    const open = { principal: { id: 'anonymous' }, session: 's1' }
    await use(memory, create('/memories/a'), open)
    expect(await seen(memory, open)).toBe(true)
    expect(await seen(memory, { ...open, session: 's2' })).toBe(false)
    expect(await use(memory, view('/memories'), {})).toBe('There is no memory here: nobody is logged in.')
    expect(await use(memory, view('/memories'), { principal: { id: 'anonymous' } })).toBe('There is no memory here: nobody is logged in.')
  })

  test('or whose the application says, under a prefix of its own', async () => {
    const store = memoryStore()
    await use(memoryTool(store, { owner: 'team', prefix: 'p/' }), create('/memories/a'), {})
    expect((await store.list('')).keys).toEqual(['p/team'])
    expect(
      await seen(memoryTool(store, { owner: ({ metadata }) => metadata?.team as string, prefix: 'p/' }), { metadata: { team: 'team' } }),
    ).toBe(true)
    expect(await seen(memoryTool(store, { owner: 'team', prefix: 'q/' }), {})).toBe(false)
  })

  test('a store of the request is asked for at each use', async () => {
    const store = memoryStore()
    const memory = memoryTool((context) => context.store!)
    await use(memory, create('/memories/a'), { principal: ann, store })
    expect(await seen(memory, { principal: ann, store })).toBe(true)
    expect(await seen(memory, { principal: ann, store: memoryStore() })).toBe(false)
  })
})

describe('bounds', () => {
  test('on one file, on all of them, on their number, and on what is shown', async () => {
    const memory = fresh({ files: 2, fileBytes: 20, bytes: 30, view: 25 })
    expect(await memory(create('/memories/a', 'ü'.repeat(11)))).toBe('Error: File /memories/a would have 22 bytes, more than 20')
    expect(await memory(create('/memories/a', 'ü'.repeat(10)))).toMatch(/^File created/)
    expect(await memory({ command: 'insert', path: '/memories/a', insert_line: 0, insert_text: 'x' })).toMatch(/^Error: File/)
    expect(await memory({ command: 'str_replace', path: '/memories/a', old_str: 'x', new_str: 'y' })).toMatch(/^No replacement/)
    expect(await memory(create('/memories/b', 'x'.repeat(11)))).toMatch(/^Error: All files would have 31 bytes, more than 30/)
    expect(await memory(create('/memories/b', '1\n2\n3\n4\n5'))).toMatch(/^File created/)
    expect(await memory(create('/memories/c', ''))).toMatch(/^Error: There can be no more than 2 files/)
    expect(await memory(view('/memories/c'))).toBe(lost('/memories/c'))
    expect(await memory(view('/memories/b'))).toBe(
      "Here's the content of /memories/b with line numbers:\n     1\t1\n     2\t2\n[There is more: view it with view_range [3, 5].]",
    )
    const wide = fresh({ view: 10 })
    await wide(create('/memories/w', `${'x'.repeat(50)}\nend`))
    expect(await wide(view('/memories/w'))).toBe(
      "Here's the content of /memories/w with line numbers:\n     1\txxx\n[There is more: view it with view_range [2, 2].]",
    )
  })

  test('what is above bounds that were lowered can be made smaller', async () => {
    const store = memoryStore()
    await fresh({}, store)(create('/memories/a', 'x'.repeat(40)))
    await fresh({}, store)(create('/memories/b', 'x'.repeat(30)))
    await fresh({}, store)(create('/memories/c', 'x'.repeat(30)))
    const memory = fresh({ files: 1, fileBytes: 20, bytes: 20 }, store)
    expect(await memory(create('/memories/d', ''))).toMatch(/^Error: There can be no more/)
    expect(await memory({ command: 'delete', path: '/memories/b' })).toBe('Successfully deleted /memories/b')
    expect(await memory({ command: 'delete', path: '/memories/c' })).toBe('Successfully deleted /memories/c')
    expect(await memory({ command: 'str_replace', path: '/memories/a', old_str: 'x'.repeat(40), new_str: 'short' })).toMatch(
      /^The memory file/,
    )
    expect(await memory(view('/memories/a'))).toContain('\tshort')
  })

  test('a directory is shown within the bound of a view, and what is left out is said', async () => {
    const memory = fresh({ view: 200 })
    for (const name of ['a', 'b', 'c']) await memory(create(`/memories/${name.repeat(90)}`))
    const shown = await memory(view('/memories'))
    expect(shown).toContain('a'.repeat(90))
    expect(shown).not.toContain('c'.repeat(90))
    expect(shown).toMatch(/\n\[There is more: 2 of 4 are not shown\.]$/)
  })

  test('a file of a million lines is not shown', async () => {
    const memory = fresh({ fileBytes: 3_000_000, bytes: 3_000_000 })
    await memory(create('/memories/huge', '\n'.repeat(1_000_000)))
    expect(await memory(view('/memories/huge'))).toBe('File /memories/huge exceeds maximum line limit of 999,999 lines.')
  })

  test('what is no command is refused with what is wrong', async () => {
    const memory = fresh()
    await expect(memory({ command: 'format' })).rejects.toThrow('command: must be one of view, create, str_replace, insert, delete, rename')
    await expect(memory({ command: 'constructor', path: '/memories' })).rejects.toThrow('command: must be one of')
    await expect(memory({ command: 'create', path: 7 })).rejects.toThrow('path: must be a string; file_text: must be a string')
    await expect(memory({ command: 'str_replace', path: '/memories/a', old_str: 'a', new_str: 1 })).rejects.toThrow(
      'new_str: must be a string',
    )
  })
})

describe('the store', () => {
  const counting = (over: Partial<Store>): Store => ({ ...memoryStore(), ...over })

  test('changes at once lose nothing, with compare-and-set and without', async () => {
    const slow = memoryStore()
    const without: Store = {
      get: (key) => later(() => slow.get(key)),
      set: (key, value) => later(() => slow.set(key, value)),
      delete: slow.delete,
      list: slow.list,
    }
    for (const store of [memoryStore(), without]) {
      const memory = memoryTool(store)
      await Promise.all(Array.from({ length: 20 }, (_, at) => use(memory, create(`/memories/${at}`))))
      expect((await use(memory, view('/memories'))).split('\n')).toHaveLength(22)
    }
    // two isolates over one store
    const shared = memoryStore()
    const [one, two] = [memoryTool(shared), memoryTool(shared)]
    await Promise.all([one, two].flatMap((memory, side) => [1, 2, 3].map((at) => use(memory, create(`/memories/${side}${at}`)))))
    expect((await use(one, view('/memories'))).split('\n')).toHaveLength(8)
  })

  const later = async <T>(work: () => Promise<T>): Promise<T> => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    return work()
  }

  test('a call that was cancelled while it waited changes nothing, and those behind it go on', async () => {
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const { get } = memoryStore()
    const memory = memoryTool(counting({ get: (key) => gate.then(() => get(key)) }))
    const abort = new AbortController()
    const [first, second, third] = [
      use(memory, create('/memories/a')),
      use(memory, create('/memories/b'), { principal: ann, signal: abort.signal }),
      use(memory, create('/memories/c')),
    ]
    abort.abort(new Error('left'))
    open()
    expect(await Promise.allSettled([first, second, third])).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { message: 'left' } },
      { status: 'fulfilled' },
    ])
  })

  test('a change that always comes second is given up, and said', async () => {
    let asked = 0
    const memory = memoryTool(
      counting({
        compareAndSet: async () => {
          asked++
          return false
        },
      }),
    )
    expect(await use(memory, create('/memories/a'))).toBe('Error: The memory is being changed by others. Try again.')
    expect(asked).toBe(8)
  })

  test('what is stored is not trusted, and a store that fails is no word to the model', async () => {
    for (const stored of [null, 7, 'x', [], { files: [1] }, { files: { '/memories/a': 7 } }])
      expect(await use(memoryTool(counting({ get: async () => stored })), view('/memories')), JSON.stringify(stored)).toMatch(
        /0B\t\/memories$/,
      )
    const broken = memoryTool(counting({ get: async () => Promise.reject(new Error('secret address')) }))
    await expect(use(broken, view('/memories'))).rejects.toThrow('secret address')
    const model = anthropic('claude-x', {
      fetch: serving(message([{ type: 'tool_use', id: 't', name: 'memory', input: view('/memories') }], 'tool_use'), said('ok')).fetch,
    })
    const { messages } = await run(agent({ name: 'a', model, tools: [broken] }), 'x', { principal: ann })
    expect(JSON.stringify(messages)).not.toContain('secret')
    await use(memoryTool(counting({})), create('/memories/a'))
  })
})

describe('in the loop', () => {
  const used = (id: string, input: Fields): Fields => message([{ type: 'tool_use', id, name: 'memory', input }], 'tool_use')

  test('a model is told of it by its type, and its calls are answered', async () => {
    const fake = serving(
      used('1', view('/memories')),
      used('2', create('/memories/a', 'Hi')),
      used('3', create('/memories/a')),
      said('Noted.'),
    )
    const model = anthropic('claude-sonnet-5-5', { fetch: fake.fetch })
    const { text } = await run(agent({ name: 'a', model, tools: [memoryTool(memoryStore())] }), 'note', { principal: ann })
    expect(text).toBe('Noted.')
    expect(fake.sent[0]!.body.tools).toEqual([{ name: 'memory', type: 'memory_20250818' }])
    const results = (fake.sent[3]!.body.messages as { content: Fields[] }[]).flatMap(({ content }) =>
      content.filter(({ type }) => type === 'tool_result'),
    )
    expect(results.map(({ content, is_error }) => [content, is_error])).toEqual([
      [
        "Here're the files and directories up to 2 levels deep in /memories, excluding hidden items and node_modules:\n0B\t/memories",
        undefined,
      ],
      ['File created successfully at: /memories/a', undefined],
      ['Error: File /memories/a already exists', true],
    ])
  })

  test('another wire gets a plain tool with a schema', () => {
    const memory = memoryTool(memoryStore())
    expect(memory.description).toBeTruthy()
    expect(memory.input!['~standard'].jsonSchema.input({ target: 'draft-2020-12' })).toMatchObject({
      type: 'object',
      properties: { command: { enum: ['view', 'create', 'str_replace', 'insert', 'delete', 'rename'] } },
    })
  })
})

test('whatever is asked, in whatever order, the files are those of a plain map', async () => {
  const name = fc.constantFrom('a', 'b', 'a/c', 'a/c/d', 'b/e', '')
  const path = name.map((one) => (one ? `/memories/${one}` : '/memories'))
  const text = fc.constantFrom('', 'x', 'xx', 'one\ntwo\n', 'y\nx')
  const asked = fc.oneof(
    fc.record({ command: fc.constant('create'), path, file_text: text }),
    fc.record({ command: fc.constant('str_replace'), path, old_str: fc.constantFrom('x', 'one', '\n'), new_str: text }),
    fc.record({ command: fc.constant('insert'), path, insert_line: fc.integer({ min: -1, max: 4 }), insert_text: text }),
    fc.record({ command: fc.constant('delete'), path }),
    fc.record({ command: fc.constant('rename'), old_path: path, new_path: path }),
  )
  let [done, refused] = [0, 0]
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { maxLength: 15 }), async (commands) => {
      const model = new Map<string, string>()
      const store = memoryStore()
      const memory = fresh({ owner: 'o', prefix: '' }, store)
      for (const command of commands) {
        const answer = await memory(command)
        const succeeded = does(model, command)
        expect(/^(Error|No replacement)/.test(answer), `${JSON.stringify(command)}: ${answer}`).toBe(!succeeded)
        if (succeeded) done++
        else refused++
        const stored = (await store.get('o')) as { files: Record<string, string> } | undefined
        expect(Object.entries(stored?.files ?? {}).toSorted(byPath)).toEqual([...model].toSorted(byPath))
      }
    }),
    { numRuns: 300 },
  )
  expect(Math.min(done, refused)).toBeGreaterThan(100)
})

const byPath = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : 1)

interface Asked {
  command: string
  path?: string
  file_text?: string
  old_str?: string
  new_str?: string
  insert_line?: number
  insert_text?: string
  old_path?: string
  new_path?: string
}

/** The same by the shortest means: no directory is kept, a path is taken where a file is there or below it. */
function does(model: Map<string, string>, asked: Asked): boolean {
  const { path = '', insert_line: line = 0, insert_text: inserted = '', old_path: from = '', new_path: to = '' } = asked
  const keys = (at: string): string[] => [...model.keys()].filter((key) => `${key}/`.startsWith(`${at}/`))
  const taken = (at: string): boolean => at === '/memories' || keys(at).length > 0
  const underFile = (at: string): boolean => [...model.keys()].some((key) => at.startsWith(`${key}/`))
  const text = model.get(path)
  switch (asked.command) {
    case 'create':
      if (taken(path) || underFile(path)) return false
      return !!model.set(path, asked.file_text!)
    case 'str_replace': {
      const pieces = text?.split(asked.old_str!)
      if (pieces?.length !== 2) return false
      return !!model.set(path, pieces.join(asked.new_str))
    }
    case 'insert': {
      if (text === undefined) return false
      const lines: string[] = text.match(/[^\n]*\n|[^\n]+$/g) ?? []
      if (line < 0 || line > lines.length) return false
      // a line that is open is closed before another begins; a file that was closed stays so
      const head = lines.slice(0, line).join('')
      const closed = (words: string): string => (words.endsWith('\n') ? words : `${words}\n`)
      const added = line < lines.length || head.endsWith('\n') ? closed(inserted) : inserted
      return !!model.set(path, (head && closed(head)) + added + lines.slice(line).join(''))
    }
    case 'delete':
      if (path === '/memories' || !taken(path)) return false
      return keys(path).every((key) => model.delete(key))
    default: {
      const moved = from === '/memories' ? [] : keys(from)
      if (!moved.length || taken(to) || `${to}/`.startsWith(`${from}/`)) return false
      if ([...model.keys()].some((key) => to.startsWith(`${key}/`) && !moved.includes(key))) return false
      for (const key of moved) {
        const value = model.get(key)!
        model.delete(key)
        model.set(to + key.slice(from.length), value)
      }
      return true
    }
  }
}
