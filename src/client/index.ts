export { connect, type Connection, type ConnectOptions, type SendOptions, type Status, type View } from './connect.ts'
export type { Outgoing, Storage } from './outbox.ts'
