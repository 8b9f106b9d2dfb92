import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blocks, grow, inlines, type Placed, visible } from '../../src/http/page/browser/markdown.ts'

test('the usual blocks and pieces', () => {
  expect(
    blocks('# A\n\ntext\nmore\n\n- one\n- two\n\n1. x\n\n> said\n\n```ts\nlet a\n```\n|a|b|\n|-|-|\n|1|2|').map(({ kind }) => kind),
  ).toEqual(['h', 'p', 'list', 'list', 'quote', 'code', 'table'])
  expect(inlines('a **b** *c* `d` [e](https://f.example/g)').map(({ kind }) => kind)).toEqual([
    'text',
    'strong',
    'text',
    'em',
    'text',
    'code',
    'text',
    'link',
  ])
})

test('what would leak or run stays text', () => {
  for (const text of [
    '[x](javascript:alert(1))',
    '[x](data:text/html,hi)',
    '<img src=x onerror=alert(1)>',
    '[x](https://user@evil.example)',
    '[x](//evil.example)',
  ]) {
    expect(
      inlines(text).filter(({ kind }) => kind === 'link'),
      text,
    ).toEqual([])
  }
  expect(inlines('![secret](https://evil.example/?q=1)')).toEqual([
    { kind: 'link', text: 'secret', href: 'https://evil.example/?q=1', host: 'evil.example' },
  ])
  expect(visible('safe\u202Egnp.exe\u0000')).toBe('safe⟨U+202E⟩gnp.exe⟨U+0000⟩')
})

test('a megabyte of openings costs no more than a megabyte of text', () => {
  for (const evil of ['[', '**', '`', '![](', '> ', '- ']) {
    const started = Date.now()
    for (const block of blocks(evil.repeat(1_000_000 / evil.length))) if ('text' in block) inlines(block.text)
    expect(Date.now() - started, evil).toBeLessThan(3000)
  }
})

test('lists hold lists, tasks and code; quotes hold blocks; tables know their sides', () => {
  expect(blocks('1. a\n   - b\n     - c\n\n   more\n2. d\n\n7. e')).toMatchObject([
    {
      kind: 'list',
      ordered: true,
      start: 1,
      items: [[{ kind: 'p', text: 'a' }, { kind: 'list' }, { kind: 'p', text: 'more' }], [{ text: 'd' }], [{ text: 'e' }]],
    },
  ])
  expect(blocks('> a\n> - b\n\n---\n- x\n\n  ```\n  y\n  ```')).toMatchObject([
    { kind: 'quote', blocks: [{ kind: 'p' }, { kind: 'list' }] },
    { kind: 'rule' },
    { kind: 'list', items: [[{ kind: 'p' }, { kind: 'code', text: 'y' }]] },
  ])
  expect(blocks('a | b\n:-:|--:\nx\\|y | z')).toMatchObject([
    {
      kind: 'table',
      align: ['center', 'right'],
      rows: [
        ['a', 'b'],
        ['x|y', 'z'],
      ],
    },
  ])
  expect(blocks('````md\n```\nx\n```\n````').map((block) => block.kind === 'code' && block.text)).toEqual(['```\nx\n```'])
})

test('pieces hold pieces, escapes are plain, and snake_case stays whole', () => {
  expect(inlines('**a `b` *c***')).toMatchObject([
    { kind: 'strong', parts: [{ kind: 'text' }, { kind: 'code' }, { kind: 'text' }, { kind: 'em' }] },
  ])
  expect(inlines('\\*a\\* snake_case_name 2 * 3 * 4')).toEqual([{ kind: 'text', text: '*a* snake_case_name 2 * 3 * 4' }])
  expect(inlines('see https://a.example/b.')).toMatchObject([
    { kind: 'text' },
    { kind: 'link', href: 'https://a.example/b' },
    { kind: 'text', text: '.' },
  ])
})

/** What Markdown is made of, and what trips a reader of it. */
const bits = [
  'a',
  'b c',
  '\n',
  '\n\n',
  '- ',
  '  - ',
  '1. ',
  '> ',
  '# ',
  '```',
  '```ts\n',
  '---',
  '|',
  '|a|b|\n',
  '|-|-|\n',
  '*',
  '**',
  '`',
  '   ',
  '[x](https://y.example)',
]
const markdown = fc.array(fc.constantFrom(...bits), { maxLength: 40 })

test('a text that grows is read as it is read whole, wherever it is cut', () => {
  fc.assert(
    fc.property(markdown, (pieces) => {
      let source = ''
      let read: Placed[] = []
      for (const piece of pieces) {
        source += piece
        read = grow(read, source).blocks
        expect(read).toEqual(blocks(source))
      }
    }),
    { numRuns: 500 },
  )
})

test('no text that can be read is lost', () => {
  fc.assert(
    fc.property(markdown, (pieces) => {
      const letters = (text: string): string => text.replace(/[^a-c]/g, '')
      const source = pieces.join('')
      // words after a fence name a language, and are shown above the code
      const shown = JSON.stringify(blocks(source), (key, value: unknown) => (key === 'kind' || key === 'align' ? undefined : value))
      expect(letters(shown.replaceAll(/"(text|level|lang|ordered|start|items|blocks|rows|at)":/g, '').replaceAll(/true|false/g, ''))).toBe(
        letters(source),
      )
    }),
    { numRuns: 300 },
  )
})
