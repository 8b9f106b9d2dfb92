/** A name for a file without one: servers tell files apart by the ends of their names. */
export function nameFor(mime: string): string {
  const end = mime.replace(/^.*[/.+-]/, '')
  return `file.${ends[end] ?? end}`
}

const ends: Readonly<Record<string, string>> = { plain: 'txt', markdown: 'md', document: 'docx', sheet: 'xlsx', presentation: 'pptx' }
