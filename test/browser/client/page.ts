// A page as a user of the hook writes it, with plain calls instead of JSX.
import { createElement as element, StrictMode, useState, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { useSession } from '../../../src/client/react.ts'
import { textOf } from '../../../src/message.ts'

const query = new URLSearchParams(location.search)
const agent = '/agents/parrot'

function Chat(): ReactNode {
  const [input, setInput] = useState('')
  const [refused, setRefused] = useState('')
  const [login, setLogin] = useState(query.get('login'))
  const { status, messages, running, pending, outbox, send, cancel, approve } = useSession(agent, {
    session: query.get('session') ?? 'x',
    carrier: query.get('carrier') === 'sse' ? 'sse' : 'auto',
    token: login ?? (() => query.get('as') ?? 'ann'),
  })
  return element(
    'main',
    null,
    element('p', { id: 'status' }, status, running ? ' running' : ''),
    element('ol', null, ...messages.map((message, at) => element('li', { key: message.id ?? at }, textOf(message)))),
    element('ul', null, ...outbox.map(({ id, input: text }) => element('li', { key: id }, typeof text === 'string' ? text : ''))),
    ...pending.map(({ id }) => element('button', { key: id, onClick: () => void approve(id) }, 'Allow')),
    element(
      'form',
      {
        onSubmit: (event: { preventDefault(): void }) => {
          event.preventDefault()
          setInput('')
          send(input).catch((error: { code: string }) => setRefused(error.code))
        },
      },
      element('input', {
        value: input,
        'aria-label': 'Message',
        onChange: (event: { target: { value: string } }) => setInput(event.target.value),
      }),
    ),
    element('button', { onClick: () => void cancel() }, 'Stop'),
    login === null ? null : element('button', { onClick: () => setLogin('ann') }, 'Log in'),
    element('output', null, refused),
  )
}

createRoot(document.body.appendChild(document.createElement('div'))).render(element(StrictMode, null, element(Chat)))
