import { type Fields, textIn } from './fields.ts'

/** The names of `google.rpc.Code` by number. */
const names: Readonly<Record<number, string>> = {
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  5: 'NOT_FOUND',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  11: 'OUT_OF_RANGE',
  12: 'UNIMPLEMENTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
}
/** Their HTTP status, where it tells what they mean. */
const statuses: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  UNAVAILABLE: 503,
}

/** An error that came with a number of `google.rpc.Code`, or a word for its code, in the form that errors over HTTP have. */
export function asHttp(error: Fields): Fields {
  const { code, status } = error
  const name = (textIn(status) ?? textIn(code) ?? names[code as number])?.toUpperCase()
  return { ...error, status: name, code: typeof code === 'number' && code >= 100 ? code : statuses[name ?? ''] }
}
