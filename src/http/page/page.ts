import { html, scriptHash, styleHash } from './generated.ts'

/** Nothing may be loaded, framed or posted but what the page itself is. */
const policy = [
  "default-src 'none'",
  `script-src '${scriptHash}'`,
  `style-src '${styleHash}'`,
  "connect-src 'self'",
  'img-src blob: data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * The chat page, for `app({ page: chatPage })`: one small document that talks to the routes beside it. All model output
 * in it is text; it loads nothing from elsewhere.
 */
export function chatPage(): Response {
  return new Response(html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    },
  })
}
