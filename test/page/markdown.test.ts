import { expect, test } from 'vitest'
import { blocks, inlines, visible } from '../../src/http/page/browser/markdown.ts'

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
