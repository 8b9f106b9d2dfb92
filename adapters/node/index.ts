export type { Late, Web } from '../../src/http/web.ts'
export { listener, type ListenerOptions } from './listener.ts'
export { serve, type ServeOptions, type Serving } from './serve.ts'
export { type NodeSockets, type ServerSocket, sockets, type SocketServer } from './sockets.ts'
