import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { connect, type Connection, type ConnectOptions, type View } from './connect.ts'

/** What is to be shown, and what can be done. */
export interface SessionHook extends View, Pick<Connection, 'send' | 'cancel' | 'answer' | 'approve'> {}

const starting: View = { status: 'connecting', title: '', messages: [], running: false, pending: [], outbox: [] }
const nothing = (): (() => void) => () => {}

/**
 * A session as React sees it: drawn anew after each change, connected while the component is there. Another agent, session or
 * carrier is another connection; a token may be given anew at each render. On a server it is `connecting`.
 * @example
 * const { messages, running, send } = useSession('/agents/support', { session: 's1' })
 */
export function useSession(agent: string, options: ConnectOptions): SessionHook {
  const { session, carrier } = options
  const latest = useRef(options)
  latest.current = options
  const [connection, setConnection] = useState<Connection>()
  useEffect(() => {
    const made = connect(agent, { ...latest.current, token: () => current(latest.current) })
    setConnection(made)
    return () => {
      setConnection(undefined)
      made.close()
    }
  }, [agent, session, carrier])
  const view = useSyncExternalStore(
    connection?.subscribe ?? nothing,
    () => connection?.view ?? starting,
    () => starting,
  )
  return useMemo(() => {
    const connected = (): Connection => {
      if (!connection) throw new TypeError('useSession: not connected before the component is there')
      return connection
    }
    return {
      ...view,
      send: async (...given) => connected().send(...given),
      cancel: async () => connected().cancel(),
      answer: async (...given) => connected().answer(...given),
      approve: async (...given) => connected().approve(...given),
    }
  }, [connection, view])
}

const current = ({ token }: ConnectOptions): string | Promise<string> => (typeof token === 'function' ? token() : (token ?? ''))
